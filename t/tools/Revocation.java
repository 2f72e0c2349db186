/*
 * java t/tools/Revocation.java CA CRL [CERTIFICATE ANSWER] ...: does Java's CertPathValidator learn of revocations by the list and by
 * the OCSP answers? Files in PEM or DER. For each certificate a line by each: "CERTIFICATE ocsp: OK", "... crl: revoked REASON", or
 * what is wrong.
 */
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Set;

class Revocation {
    static String judge(CertificateFactory factory, X509Certificate ca, X509Certificate leaf, PKIXRevocationChecker checker, CertStore store) {
        try {
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(ca, null)));
            parameters.addCertPathChecker(checker);
            parameters.addCertStore(store);
            CertPathValidator.getInstance("PKIX").validate(factory.generateCertPath(List.of(leaf)), parameters);
            return "OK";
        } catch (CertPathValidatorException e) {
            return e.getCause() instanceof CertificateRevokedException revoked ? "revoked " + revoked.getRevocationReason() : e.toString();
        } catch (Exception e) {
            return e.toString();
        }
    }

    static PKIXRevocationChecker checker(Option... options) throws Exception {
        PKIXRevocationChecker checker = (PKIXRevocationChecker) CertPathValidator.getInstance("PKIX").getRevocationChecker();
        checker.setOptions(Set.of(options));
        return checker;
    }

    public static void main(String[] arguments) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate ca;
        CertStore store;

        try (InputStream of = Files.newInputStream(Path.of(arguments[0])); InputStream list = Files.newInputStream(Path.of(arguments[1]))) {
            ca = (X509Certificate) factory.generateCertificate(of);
            store = CertStore.getInstance("Collection", new CollectionCertStoreParameters(List.of(factory.generateCRL(list))));
        }
        CertStore none = CertStore.getInstance("Collection", new CollectionCertStoreParameters());
        for (int i = 2; i + 1 < arguments.length; i += 2) {
            try (InputStream in = Files.newInputStream(Path.of(arguments[i]))) {
                X509Certificate leaf = (X509Certificate) factory.generateCertificate(in);
                PKIXRevocationChecker ocsp = checker(Option.NO_FALLBACK);

                ocsp.setOcspResponses(Map.of(leaf, Files.readAllBytes(Path.of(arguments[i + 1]))));
                System.out.println(arguments[i] + " ocsp: " + judge(factory, ca, leaf, ocsp, none));
                System.out.println(arguments[i] + " crl: " + judge(factory, ca, leaf, checker(Option.PREFER_CRLS, Option.NO_FALLBACK), store));
            }
        }
    }
}
