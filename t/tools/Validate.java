/*
 * java t/tools/Validate.java DIR ...: in each DIR, does Java's CertPathValidator take every certificate (NAME.der) below
 * the CA (ca.pem), and may it log in as a client? A line each: "DIR/NAME.der: OK", or why not.
 */
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;

class Validate {
    static final CertificateFactory FACTORY = factory();

    static CertificateFactory factory() {
        try {
            return CertificateFactory.getInstance("X.509");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static X509Certificate read(Path path) throws Exception {
        try (InputStream in = Files.newInputStream(path)) {
            return (X509Certificate) FACTORY.generateCertificate(in);
        }
    }

    static String judge(Path path, X509Certificate ca) {
        try {
            X509CertSelector client = new X509CertSelector();
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(ca, null)));
            client.setExtendedKeyUsage(Set.of("1.3.6.1.5.5.7.3.2"));
            client.setKeyUsage(new boolean[] {true});
            client.setBasicConstraints(-2);
            parameters.setTargetCertConstraints(client);
            parameters.setRevocationEnabled(false);
            CertPathValidator.getInstance("PKIX").validate(FACTORY.generateCertPath(List.of(read(path))), parameters);
            return "OK";
        } catch (Exception e) {
            return e.toString();
        }
    }

    public static void main(String[] directories) throws Exception {
        for (String directory : directories) {
            X509Certificate ca = read(Path.of(directory, "ca.pem"));

            try (DirectoryStream<Path> leaves = Files.newDirectoryStream(Path.of(directory), "*.der")) {
                for (Path leaf : leaves) {
                    System.out.println(leaf + ": " + judge(leaf, ca));
                }
            }
        }
    }
}
