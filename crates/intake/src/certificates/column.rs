//! What the columns of a list hold, by their names.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The SHA-256 fingerprint of the precertificate.
    Precertificate,
    /// The SHA-256 fingerprint of the certificate.
    Certificate,
    /// The subject, or its common name.
    Subject,
    /// The issuer.
    Issuer,
    /// From when the certificate is valid.
    NotBefore,
    /// Until when the certificate is valid.
    NotAfter,
    /// The serial number.
    Serial,
    /// The names that the certificate is for.
    Names,
    /// Whether it is revoked.
    IsRevoked,
    /// When it was or will be revoked.
    RevocationDate,
    /// Why it was revoked.
    RevocationReason,
    /// The number or the address of the certificate at crt.sh.
    CrtSh,
    /// Whether the row is about a precertificate.
    IsPrecertificate,
}

impl Column {
    /// The columns of the Incident Reporting Guidelines (3.0 to 3.2, "Appendix"), in their order.
    pub const GUIDELINES: [(Self, &'static str); 11] = [
        (Self::Precertificate, "Precertificate SHA-256 hash"),
        (Self::Certificate, "Certificate SHA-256 hash"),
        (Self::Subject, "Subject"),
        (Self::Issuer, "Issuer"),
        (Self::NotBefore, "Not before"),
        (Self::NotAfter, "Not after"),
        (Self::Serial, "Serial #"),
        (Self::Names, "dNSNames"),
        (Self::IsRevoked, "Is revoked?"),
        (Self::RevocationDate, "Revocation date"),
        (Self::RevocationReason, "Revocation reason"),
    ];
}

/// Returns what a column of that name holds.
pub(super) fn named(name: &str) -> Option<Column> {
    let lower = name.to_lowercase().replace("crt.sh", "crtsh").replace("sha-256", "sha256");
    let lower = lower.replace("sha 256", "sha256").replace("pre-cert", "precert");
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let folded = words.concat();
    let has = |part: &str| folded.contains(part);
    let any = |parts: &[&str]| parts.iter().any(|part| folded.contains(part));
    let is = |names: &[&str]| names.contains(&folded.as_str());
    // What only resembles a column of interest, such as the digest of a key.
    if any(&["sha1", "md5", "spki", "publickey", "keyid", "keyhash", "planned", "expected"]) {
        return None;
    }
    let is_digest = any(&["sha256", "fingerprint", "thumbprint"]) || words.contains(&"hash");
    if has("precert") {
        return match (is_digest, has("crtsh"), any(&["serial", "date", "time", "link", "url"])) {
            (true, ..) => Some(Column::Precertificate),
            (false, false, false) => Some(Column::IsPrecertificate),
            _ => None,
        };
    }
    if has("serial") {
        return Some(Column::Serial);
    }
    if has("crtsh") {
        return Some(Column::CrtSh);
    }
    let is_issuer = words.first() == Some(&"issuer") || is(&["issuingca", "ca", "caname"]);
    if is_digest && !is_issuer {
        return Some(Column::Certificate);
    }
    if is_issuer && !is_digest {
        return Some(Column::Issuer);
    }
    if any(&["notbefore", "validfrom", "validityfrom", "validitystart"])
        || is(&["issued", "issuedate", "issuancedate", "dateofissuance", "issuedon", "startdate"])
    {
        return Some(Column::NotBefore);
    }
    if any(&["notafter", "validto", "validuntil", "validityto", "validityend", "expir"]) {
        return Some(Column::NotAfter);
    }
    if has("reason") && any(&["revo", "reasoncode"]) || is(&["reason"]) {
        return Some(Column::RevocationReason);
    }
    if any(&["revocationdate", "revocationtime", "daterevoked", "revokedat", "revokedon"])
        || any(&["revokeddate", "revokedtime", "timerevoked", "dateofrevocation"])
    {
        return Some(Column::RevocationDate);
    }
    if is(&["isrevoked", "revoked", "revokedyn", "revocationstatus", "status"]) {
        return Some(Column::IsRevoked);
    }
    if any(&["dnsname", "subjectalt", "subjectalternativename"]) || is(&["san", "sans", "domains"])
    {
        return Some(Column::Names);
    }
    let is_subject = words.first() == Some(&"subject") || is(&["cn", "commonname"]);
    is_subject.then_some(Column::Subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_the_names_that_people_give_them() {
        for (column, names) in [
            (Column::Precertificate, &["Precertificate SHA-256 hash", "Precert SHA256"][..]),
            (
                Column::Certificate,
                &[
                    "Certificate SHA-256 hash",
                    "SHA-256 Fingerprint",
                    "sha256",
                    "Hash",
                    "Thumbprint",
                ],
            ),
            (Column::Subject, &["Subject", "Subject CN", "subject_dn", "Common Name", "CN"]),
            (Column::Issuer, &["Issuer", "Issuer CN", "Issuing CA", "issuer_name"]),
            (Column::NotBefore, &["Not before", "notBefore", "Valid From", "Issue date"]),
            (
                Column::NotAfter,
                &["Not After", "NotAfter", "Valid to", "Expiration Date", "Expires"],
            ),
            (Column::Serial, &["Serial #", "Serial Number", "certificate serial", "serialNumber"]),
            (Column::Names, &["dNSNames", "SAN", "Subject Alternative Names", "DNS names"]),
            (Column::IsRevoked, &["Is revoked?", "Revoked", "Revocation status", "Status"]),
            (Column::RevocationDate, &["Revocation date", "Revoked At", "revocation_time (UTC)"]),
            (Column::RevocationReason, &["Revocation reason", "Reason", "Revocation Reason Code"]),
            (Column::CrtSh, &["crt.sh", "crt.sh URL", "crt.sh ID", "Link (crt.sh)"]),
            (Column::IsPrecertificate, &["Precertificate", "Precert?", "Is pre-certificate"]),
        ] {
            for name in names {
                assert_eq!(named(name), Some(column), "{name}");
            }
        }
        for name in
            ["", "SHA-1", "SPKI SHA-256", "Planned revocation date", "Customer", "#", "Comment"]
        {
            assert_eq!(named(name), None, "{name}");
        }
        for (column, name) in Column::GUIDELINES {
            assert_eq!(named(name), Some(column), "{name}");
        }
    }
}
