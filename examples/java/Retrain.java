// java Retrain.java URL: a client of the whole sequence with the JDK alone (17 or newer).
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Retrain {
    static final HttpClient CLIENT = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    static final Duration EVERY = Duration.ofMillis(Integer.getInteger("every", 1000));
    static final int POLLS = 1000;

    public static void main(String[] arguments) throws Exception {
        String api = arguments[0] + "/v1/external";
        String key = field(ask("GET", api + "/api-key?credential_type=retrain&model_id=4821", "demo-secret"), "api_key");
        String created = ask("GET", api + "/retrain_jobs/upload_url?filename=train.csv", key);
        String file = "age,left\n" + "31,no\n".repeat(100);
        var put = HttpRequest.newBuilder(URI.create(field(created, "upload_url"))).PUT(BodyPublishers.ofString(file));
        System.out.println("upload: HTTP " + CLIENT.send(put.build(), BodyHandlers.discarding()).statusCode());

        String job = api + "/retrain_jobs/" + field(created, "retrain_job_id");
        String reply = "", status = "";
        for (int poll = 0; poll < POLLS && !status.equals("job_finished"); poll++) {
            Thread.sleep(EVERY.toMillis());
            reply = ask("GET", job, key);
            String now = field(reply, "status");
            if (!now.equals(status)) System.out.println(now);
            status = now;
        }
        var link = HttpRequest.newBuilder(URI.create(field(reply, "download_url"))).build(); // it takes no key
        byte[] result = CLIENT.send(link, BodyHandlers.ofByteArray()).body();
        System.out.println("result: " + (char) result[0] + (char) result[1]);
        ask("PUT", job + "/update_model", key);
        System.out.println("switched");
    }

    static String ask(String method, String url, String key) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url)).header("x-api-key", key)
            .timeout(Duration.ofSeconds(10)).method(method, BodyPublishers.noBody()).build();
        String body = CLIENT.send(request, BodyHandlers.ofString()).body();
        if (body.contains("\"code\":")) throw new IllegalStateException(field(body, "message"));
        return body;
    }

    /** The text of a field; a real program takes a JSON library. */
    static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\": \"([^\"]*)\"").matcher(json);
        if (!found.find()) throw new IllegalStateException("no " + name + " in " + json);
        return found.group(1);
    }
}
