import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;

/**
 * An HTTP server that starts as large applications of the JVM do: it loads thousands of classes, and warms up code that
 * the JVM then compiles. The work is always the same, whatever time it takes. GET /healthz answers 503 until it is done.
 *
 * WarmingServer ROUNDS: compiles so many times. WarmingServer --idle SECONDS: waits for so long without any work.
 */
public final class WarmingServer {
    private static final int port = 8080;
    private static volatile boolean isWarm;

    private WarmingServer() {}

    public static void main(String[] arguments) throws Exception {
        serve();
        if (arguments[0].equals("--idle")) Thread.sleep(Integer.parseInt(arguments[1]) * 1_000L);
        else warmUp(Integer.parseInt(arguments[0]));
        isWarm = true;
        var times = ManagementFactory.getRuntimeMXBean();
        System.out.printf("warm %.2f s after the start of the JVM%n", (System.currentTimeMillis() - times.getStartTime()) / 1_000.0);
    }

    private static void serve() throws IOException {
        var server = HttpServer.create(new InetSocketAddress(port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/healthz", exchange -> {
            byte[] body = (isWarm ? "ok\n" : "warming up\n").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(isWarm ? 200 : 503, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
    }

    private static void warmUp(int rounds) throws Exception {
        int classes = loadClasses("java.base") + loadClasses("jdk.compiler") + loadClasses("java.xml");
        System.out.printf("%d classes%n", classes);
        for (int round = 0; round < rounds; round++) {
            compile(round);
            readXml(round);
        }
    }

    /** Loads the classes of a module, and links most of them, without running any of their code. */
    private static int loadClasses(String module) throws IOException {
        Path root = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("modules", module);
        int loaded = 0;
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : (Iterable<Path>) files.sorted()::iterator) {
                String name = root.relativize(file).toString();
                if (!name.endsWith(".class") || name.equals("module-info.class")) continue;
                try {
                    Class.forName(name.substring(0, name.length() - ".class".length()).replace('/', '.'), false, null).getDeclaredMethods();
                    loaded++;
                } catch (ClassNotFoundException | LinkageError unusable) {
                    // Some are for other platforms, or of the application's loader.
                }
            }
        }
        return loaded;
    }

    /** Compiles generated classes with the JDK's own compiler, in memory. */
    private static void compile(int round) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<Source> sources = IntStream.range(0, 10).mapToObj(number -> new Source("Generated" + round + "x" + number)).toList();
        var files = new InMemory(compiler.getStandardFileManager(null, null, null));
        if (!compiler.getTask(null, files, null, List.of("-proc:none"), null, sources).call()) throw new IllegalStateException("does not compile");
    }

    private static void readXml(int round) throws Exception {
        var text = new StringBuilder("<beans>");
        for (int number = 0; number < 2_000; number++) text.append("<bean id='").append(round).append('-').append(number).append("'><property name='a'>b</property></bean>");
        var document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(text.append("</beans>").toString().getBytes(StandardCharsets.UTF_8)));
        if (document.getElementsByTagName("bean").getLength() != 2_000) throw new IllegalStateException("not all are there");
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String name;

        Source(String name) {
            super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
            this.name = name;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreErrors) {
            var text = new StringBuilder("import java.util.*;\nimport java.util.stream.*;\npublic class " + name + " {\n");
            for (int method = 0; method < 20; method++) {
                text.append("  public static Map<Integer, List<String>> method").append(method).append("(List<String> words) {\n")
                    .append("    return words.stream().filter(word -> !word.isEmpty()).map(word -> word + ").append(method)
                    .append(").collect(Collectors.groupingBy(String::length, TreeMap::new, Collectors.toList()));\n  }\n");
            }
            return text.append("}\n");
        }
    }

    private static final class InMemory extends ForwardingJavaFileManager<StandardJavaFileManager> {
        InMemory(StandardJavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(JavaFileManager.Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("memory:///" + name), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return OutputStream.nullOutputStream();
                }
            };
        }
    }
}
