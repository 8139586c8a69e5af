// Asks a URL, with JSON if there is any, so many times over kept connections, with a pause between; says what came of each.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func ask(client *http.Client, method string, url string, content string) string {
	request, _ := http.NewRequest(method, url, nil)
	if content != "" {
		request, _ = http.NewRequest(method, url, strings.NewReader(content))
	}
	request.Header.Set("x-api-key", "k")
	request.Header.Set("content-type", "application/json")
	reply, err := client.Do(request)
	if err != nil {
		return "error"
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		return "error"
	}
	return string(body)
}

func main() {
	client := &http.Client{Timeout: 20 * time.Second}
	count, _ := strconv.Atoi(os.Args[2])
	pause, _ := strconv.Atoi(os.Args[3])
	for left := count; left > 0; left-- {
		fmt.Println(ask(client, os.Args[4], os.Args[1], os.Args[5]))
		if left > 1 {
			time.Sleep(time.Duration(pause) * time.Millisecond)
		}
	}
}
