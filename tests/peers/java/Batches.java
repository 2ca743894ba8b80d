import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/** Reads files with a batch each, as the Java client does; prints the codec, then the records. */
public class Batches {
    public static void main(String[] files) throws Exception {
        StringBuilder out = new StringBuilder();
        for (String file : files) {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(Path.of(file)));
            MemoryRecords records = MemoryRecords.readableRecords(bytes);
            for (MutableRecordBatch batch : records.batches()) {
                batch.ensureValid();
                out.append("{\"codec\":\"").append(batch.compressionType().name);
                out.append("\",\"latest\":").append(batch.maxTimestamp());
                out.append(",\"count\":").append(batch.countOrNull()).append("}\n");
                for (Record record : batch) {
                    record.ensureValid();
                    append(out, record);
                }
            }
        }
        System.out.print(out);
    }

    private static void append(StringBuilder out, Record record) {
        out.append("{\"timestamp\":").append(record.timestamp());
        out.append(",\"key\":").append(hex(record.key()));
        out.append(",\"value\":").append(hex(record.value()));
        out.append(",\"headers\":[");
        String comma = "";
        for (Header header : record.headers()) {
            byte[] name = header.key().getBytes(StandardCharsets.UTF_8);
            byte[] value = header.value();
            out.append(comma).append('[').append(hex(ByteBuffer.wrap(name))).append(',');
            out.append(hex(value == null ? null : ByteBuffer.wrap(value))).append(']');
            comma = ",";
        }
        out.append("]}\n");
    }

    private static String hex(ByteBuffer field) {
        if (field == null) {
            return "null";
        }
        byte[] bytes = new byte[field.remaining()];
        field.get(bytes);
        return '"' + HexFormat.of().formatHex(bytes) + '"';
    }
}
