//! The sets of words that several families share.

use super::members::words;

words! {
    /// Who posted a public text, in relation to an organisation.
    closed Capacity {
        /// For the organisation.
        Official = "official",
        /// For oneself, while affiliated with the organisation.
        Personal = "personal",
        /// As any other participant.
        Participant = "participant",
    }
}

words! {
    /// How firmly something is promised.
    closed Strength {
        /// It will be so.
        Firm = "firm",
        /// It is planned.
        Plan = "plan",
        /// It is hoped or aimed for.
        Hope = "hope",
    }
}

words! {
    /// How exact a number or an assertion is.
    closed Qualifier {
        /// As far as the speaker knows.
        ToOurKnowledge = "to_our_knowledge",
        /// Roughly.
        About = "about",
        /// Not less.
        AtLeast = "at_least",
        /// Not more.
        AtMost = "at_most",
    }
}

words! {
    /// Whether everybody can read something.
    closed Visibility {
        /// Everybody can.
        Public = "public",
        /// Only those to whom it was given.
        Private = "private",
    }
}

words! {
    /// Where something was said.
    open Channel {
        /// A comment or description in a Bugzilla.
        Bugzilla = "bugzilla",
        /// A public mailing list.
        MailingList = "mailing_list",
        /// A page of a web site.
        Web = "web",
        /// A weblog.
        Blog = "blog",
        /// The press.
        Press = "press",
        /// A social network.
        SocialMedia = "social_media",
        /// An e-mail.
        Email = "email",
        /// A letter.
        Letter = "letter",
        /// A telephone call.
        Phone = "phone",
        /// A meeting.
        Meeting = "meeting",
        /// A court.
        Court = "court",
        /// A portal or form of one's own.
        Portal = "portal",
    }
}

words! {
    /// What a number counts.
    open Metric {
        /// What the incident affects.
        Affected = "affected",
        /// Affected, unrevoked and unexpired.
        RemainingValid = "remaining_valid",
        /// Revoked.
        Revoked = "revoked",
        /// Not revoked.
        NotRevoked = "not_revoked",
        /// Expired.
        Expired = "expired",
        /// Replaced by a new one.
        Replaced = "replaced",
        /// Told.
        Notified = "notified",
        /// Covered by an order.
        Restrained = "restrained",
    }
}

words! {
    /// In what unit a number is given.
    open Unit {
        /// Certificates.
        Certificates = "certificates",
        /// Precertificates.
        Precertificates = "precertificates",
        /// Subscribers.
        Subscribers = "subscribers",
        /// Organisations.
        Organisations = "organisations",
        /// Domain names.
        Domains = "domains",
        /// Serial numbers.
        SerialNumbers = "serial_numbers",
        /// Customer accounts.
        Accounts = "accounts",
        /// Hours.
        Hours = "hours",
        /// Days.
        Days = "days",
    }
}
