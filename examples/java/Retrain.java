// java Retrain.java URL: a client of the whole sequence with the JDK alone (17 or newer).
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Retrain {
    static final HttpClient CLIENT = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    static final Duration EVERY = Duration.ofMillis(Integer.getInteger("every", 1000)); // 30 s is enough for the service
    static final Instant DEADLINE = Instant.now().plusMillis(Integer.getInteger("limit", 3 * 3600_000)); // of it all
    static final Duration FOR_CALLS = Duration.ofMillis(Integer.getInteger("timeout", 10_000));
    static final Duration FOR_FILES = Duration.ofMinutes(10);
    static final Set<Integer> BUSY = Set.of(429, 500, 502, 503, 504);

    /** The service says no: asking again is of no use. */
    static class Refused extends RuntimeException {
        final int status;

        Refused(int status, String why) {
            super(why);
            this.status = status;
        }
    }

    public static void main(String[] arguments) throws Exception {
        String api = arguments[0] + "/v1/external";
        String key = field(ask("GET", api + "/api-key?credential_type=retrain&model_id=4821", "demo-secret"), "api_key");
        String created = ask("GET", api + "/retrain_jobs/upload_url?filename=train.csv", key);
        upload(field(created, "upload_url"), "age,left\n" + "31,no\n".repeat(100));
        System.out.println("uploaded");
        String job = api + "/retrain_jobs/" + field(created, "retrain_job_id");
        var link = request("GET", finished(job, key), BodyPublishers.noBody()); // it takes no key
        byte[] result = send(link.build(), FOR_FILES, body -> true); // whole, before the switch
        System.out.println("result: " + (char) result[0] + (char) result[1]);
        ask("PUT", job + "/update_model", key);
        System.out.println("switched");
    }

    /** Polls until the job has finished and its link is there, which may come later, or never. */
    static String finished(String job, String key) throws InterruptedException {
        for (String status = "";;) {
            String reply = ask("GET", job, key), now = field(reply, "status");
            if (!now.equals(status)) System.out.println(now);
            status = now;
            if (status.equals("job_failed")) throw new Refused(200, "the job has failed: " + field(reply, "message"));
            if (status.equals("job_finished") && !field(reply, "download_url").isEmpty()) return field(reply, "download_url");
            pause(EVERY, "the last poll was answered " + status);
        }
    }

    static void upload(String url, String file) throws InterruptedException {
        try {
            send(request("PUT", url, BodyPublishers.ofString(file)).build(), FOR_FILES, body -> true);
        } catch (Refused refused) {
            if (refused.status != 403) throw refused; // a 403: the file has come before, only the answer was lost
        }
    }

    static String ask(String method, String url, String key) throws InterruptedException {
        var call = request(method, url, BodyPublishers.noBody()).header("x-api-key", key);
        String body = text(send(call.build(), FOR_CALLS, json -> text(json).strip().endsWith("}"))); // not half of it
        if (body.contains("\"code\":")) throw new Refused(200, field(body, "message"));
        return body;
    }

    static HttpRequest.Builder request(String method, String url, BodyPublisher body) {
        return HttpRequest.newBuilder(URI.create(url)).method(method, body);
    }

    /** Sends it until there is a whole answer that does not say "come back later". */
    static byte[] send(HttpRequest request, Duration atMost, Predicate<byte[]> isWhole) throws InterruptedException {
        while (true) {
            String why;
            Duration after = EVERY;
            var sent = CLIENT.sendAsync(request, BodyHandlers.ofByteArray());
            try {
                var answer = sent.get(atMost.toMillis(), TimeUnit.MILLISECONDS); // timeout() does not end a body that stalls
                boolean isRight = answer.statusCode() / 100 == 2;
                if (isRight && isWhole.test(answer.body())) return answer.body();
                String message = field(text(answer.body()), "message");
                why = message.isEmpty() ? "HTTP " + answer.statusCode() : message;
                if (!isRight && !BUSY.contains(answer.statusCode())) throw new Refused(answer.statusCode(), why);
                after = asked(answer);
            } catch (ExecutionException | TimeoutException broken) { // no answer in time, or half of one
                sent.cancel(true);
                why = broken.toString();
            }
            pause(after, request.uri().getPath() + " ended in: " + why);
        }
    }

    /** Retry-After is a number of seconds, or a date. */
    static Duration asked(HttpResponse<?> answer) {
        String after = answer.headers().firstValue("retry-after").orElse("");
        if (after.matches("\\d{1,9}")) return Duration.ofSeconds(Long.parseLong(after));
        try {
            Instant date = ZonedDateTime.parse(after, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            return Duration.ofMillis(Math.max(0, Duration.between(Instant.now(), date).toMillis()));
        } catch (DateTimeException none) {
            return EVERY;
        }
    }

    static void pause(Duration span, String why) throws InterruptedException {
        if (Instant.now().plus(span).isAfter(DEADLINE)) throw new IllegalStateException("not finished in time; " + why);
        Thread.sleep(span.toMillis());
    }

    static String text(byte[] body) {
        return new String(body, StandardCharsets.UTF_8);
    }

    /** The text of a field, empty without one; a real program takes a JSON library. */
    static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\": \"([^\"]*)\"").matcher(json);
        return found.find() ? found.group(1) : "";
    }
}
