// Asks a URL, by GET or PUT, so many times over kept connections, with a pause between; says what came of each.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

func ask(client *http.Client, method string, url string) string {
	request, _ := http.NewRequest(method, url, nil)
	request.Header.Set("x-api-key", "k")
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
		fmt.Println(ask(client, os.Args[4], os.Args[1]))
		if left > 1 {
			time.Sleep(time.Duration(pause) * time.Millisecond)
		}
	}
}
