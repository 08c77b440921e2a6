use jiff::Timestamp;

use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Impact, Risk, Seen, Sought, Subject};
use crate::snapshot::Certificate;
use crate::units::days_between;

/// Certificates that run out and were not renewed when they should have been.
pub(super) struct CertificateExpires;

/// Days before, from which on it is told, and from which on it is of today: what renews
/// itself does so a month ahead.
const SOON: f64 = 7.0;
const TODAY: f64 = 1.0;

impl Check for CertificateExpires {
    fn name(&self) -> &'static str {
        "certificate_expires"
    }

    fn summary(&self) -> &'static str {
        "certificates that expire within a week"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        let certificates = seen.snapshot.cluster.certificates.iter();
        seen.once(|| certificates.map(|it| self.of(seen, it)).collect())
    }
}

impl CertificateExpires {
    fn never_issued(&self, seen: &Seen<'_>, certificate: &Certificate) -> Sought {
        let namespace = certificate.namespace.as_deref().unwrap_or_default();
        Sought::risk(Risk {
            // It may have been made a moment ago.
            severity: Severity::Low,
            confidence: Confidence::Medium,
            concerns: seen.in_namespace(namespace),
            text: "it has not been issued yet: what mounts its Secret cannot start".to_owned(),
            action: Action::new("see what it waits for: `kubectl describe certificate`"),
            ..Risk::on(
                self.name(),
                Subject::of("Certificate", namespace, &certificate.name),
            )
        })
    }

    fn of(&self, seen: &Seen<'_>, certificate: &Certificate) -> Sought {
        // Not issued yet, as cert-manager counts seconds: it is no date.
        if certificate.expires <= Timestamp::UNIX_EPOCH {
            return self.never_issued(seen, certificate);
        }
        let left = days_between(seen.now, certificate.expires);
        if left > SOON {
            return Sought::fine();
        }
        let over = left <= 0.0;
        let text = if over {
            format!("it has expired, {} ago", lasting(-left))
        } else {
            format!("it expires in {}", lasting(left))
        };
        let subject = match &certificate.namespace {
            Some(namespace) => Subject::of("Certificate", namespace, &certificate.name),
            None => Subject::node(&certificate.name),
        };
        let action = if certificate.namespace.is_some() {
            "see why it was not renewed: `kubectl describe certificate`"
        } else {
            "see why its kubelet does not rotate its certificate, or approve the request: \
             `kubectl get csr`"
        };
        Sought::risk(Risk {
            severity: if left <= TODAY {
                Severity::High
            } else {
                Severity::Medium
            },
            confidence: Confidence::High,
            concerns: certificate
                .namespace
                .as_ref()
                .map(|namespace| seen.in_namespace(namespace))
                .unwrap_or_default(),
            impact: (!over).then_some(Impact {
                at: certificate.expires,
                earliest: certificate.expires,
                latest: Some(certificate.expires),
            }),
            text,
            evidence: vec![Evidence::time("expires_at", certificate.expires)],
            action: Action::new(action),
            ..Risk::on(self.name(), subject)
        })
    }
}
