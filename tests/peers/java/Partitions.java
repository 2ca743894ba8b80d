import java.nio.charset.StandardCharsets;
import java.util.Scanner;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/** Reads keys, one a line, and prints the partition that the Java producer chooses for each. */
public class Partitions {
    public static void main(String[] arguments) {
        int partitions = Integer.parseInt(arguments[0]);
        Scanner keys = new Scanner(System.in, StandardCharsets.UTF_8);
        StringBuilder chosen = new StringBuilder();
        while (keys.hasNextLine()) {
            byte[] key = keys.nextLine().getBytes(StandardCharsets.UTF_8);
            chosen.append(BuiltInPartitioner.partitionForKey(key, partitions)).append('\n');
        }
        System.out.print(chosen);
    }
}
