import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Asks a URL, with JSON if there is any, so many times over kept connections, with a pause between; says what came of each. */
class Poll {
    public static void main(String[] given) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create(given[0]))
            .method(given[3], given[4].isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(given[4]))
            .headers("x-api-key", "k", "content-type", "application/json").timeout(Duration.ofSeconds(20)).build();
        for (int left = Integer.parseInt(given[1]); left > 0; left--) {
            try {
                System.out.println(client.send(request, BodyHandlers.ofString()).body());
            } catch (java.io.IOException broken) {
                System.out.println("error");
            }
            Thread.sleep(left > 1 ? Long.parseLong(given[2]) : 0);
        }
    }
}
