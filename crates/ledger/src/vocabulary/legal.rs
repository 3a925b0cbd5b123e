//! `legal.*`: court orders, letters and what was done about them.

use super::describe::{Described, tail};
use super::members::{members, words};
use super::words::{Channel, Visibility};
use crate::hash::Hash;
use crate::time::When;

words! {
    /// The type of a legal instrument.
    open InstrumentType {
        /// A temporary restraining order.
        RestrainingOrder = "restraining_order",
        /// An injunction.
        Injunction = "injunction",
        /// Another order of a court.
        CourtOrder = "court_order",
        /// A complaint that opens a case.
        Complaint = "complaint",
        /// A motion or application.
        Motion = "motion",
        /// A subpoena.
        Subpoena = "subpoena",
        /// A warrant.
        Warrant = "warrant",
        /// An order not to speak of something.
        GagOrder = "gag_order",
        /// An order of a regulator.
        RegulatorOrder = "regulator_order",
        /// A request of law enforcement.
        LawEnforcementRequest = "law_enforcement_request",
        /// A cease-and-desist letter.
        CeaseAndDesist = "cease_and_desist",
        /// Another letter that demands something.
        DemandLetter = "demand_letter",
        /// A reply to a letter.
        Reply = "reply",
        /// A settlement.
        Settlement = "settlement",
    }
}

words! {
    /// Whether the organisation that the incident is about sent or received an instrument.
    closed Direction {
        /// It sent it or sought it.
        Sent = "sent",
        /// It received it or is addressed by it.
        Received = "received",
    }
}

members! {
    /// `legal.instrument`: a court order, motion, letter or other legal act.
    open pub struct Instrument {
        /// A name to refer to it by.
        pub id: String,
        /// Its type.
        pub r#type: InstrumentType,
        /// Whether the organisation sent or received it.
        pub direction: Direction,
        /// The organisations that sent or sought it.
        pub from: Vec<String>,
        /// The organisations that it addresses.
        pub to: Vec<String>,
        /// The court or authority.
        pub court: Option<String>,
        /// The docket or case number.
        pub docket: Option<String>,
        /// The entry in the docket.
        pub docket_entry: Option<u64>,
        /// Filed or dispatched.
        pub filed: Option<When>,
        /// The organisation first learned of it.
        pub notice_received: Option<When>,
        /// Formally served.
        pub served: Option<When>,
        /// Granted or issued.
        pub granted: Option<When>,
        /// From when it binds.
        pub effective: Option<When>,
        /// Until when it binds.
        pub expires: Option<When>,
        /// Whether it was sought without hearing the other side.
        pub ex_parte: Option<bool>,
        /// What it asks for or orders.
        pub relief: Option<String>,
        /// What it covers, in words.
        pub scope: Option<String>,
        /// The certificate set that it covers.
        pub set: Option<String>,
        /// The digest of its text.
        pub document: Option<Hash>,
        /// Where it can be read.
        pub url: Option<String>,
    }
}

words! {
    /// What was done about an instrument.
    open StepName {
        /// It was filed or dispatched.
        Filed = "filed",
        /// The organisation first learned of it.
        NoticeReceived = "notice_received",
        /// It was formally served.
        Served = "served",
        /// It was granted or issued.
        Granted = "granted",
        /// It was denied.
        Denied = "denied",
        /// It began to bind.
        Effective = "effective",
        /// A party appeared in court.
        Appeared = "appeared",
        /// It was opposed.
        Opposed = "opposed",
        /// It was left unopposed.
        NotOpposed = "not_opposed",
        /// Its dissolution was moved for.
        MotionToDissolve = "motion_to_dissolve",
        /// Both sides filed a motion together.
        JointMotion = "joint_motion",
        /// It was modified.
        Modified = "modified",
        /// It was extended.
        Extended = "extended",
        /// It was appealed.
        Appealed = "appealed",
        /// It was vacated or dissolved.
        Vacated = "vacated",
        /// It expired.
        Expired = "expired",
        /// It was withdrawn.
        Withdrawn = "withdrawn",
        /// It was complied with.
        Complied = "complied",
        /// It was answered.
        Answered = "answered",
        /// It was settled.
        Settled = "settled",
        /// It was disclosed.
        Disclosed = "disclosed",
    }
}

members! {
    /// `legal.step`: something was done about an instrument.
    open pub struct Step {
        /// The id of the instrument.
        pub instrument: String,
        /// What was done.
        pub step: StepName,
        /// The organisation or court that did it.
        pub by: Option<String>,
        /// The entry in the docket.
        pub docket_entry: Option<u64>,
        /// The new end, of an extension.
        pub until: Option<When>,
        /// The digest of the paper.
        pub document: Option<Hash>,
        /// What was done, in a sentence.
        pub text: Option<String>,
    }
}

words! {
    /// What a legal argument is about.
    open Topic {
        /// Harm that money cannot make good.
        IrreparableHarm = "irreparable_harm",
        /// Who is likely to win.
        Merits = "merits",
        /// Which side suffers more.
        Balance = "balance",
        /// The interest of the public.
        PublicInterest = "public_interest",
        /// What a contract says.
        Contract = "contract",
        /// Whether the court is competent.
        Jurisdiction = "jurisdiction",
        /// Freedom of speech.
        FreeSpeech = "free_speech",
    }
}

words! {
    /// The side that an argument takes.
    closed Side {
        /// For the instrument.
        For = "for",
        /// Against the instrument.
        Against = "against",
    }
}

members! {
    /// `legal.argument`: an argument for or against an instrument; recorded, never weighed.
    open pub struct Argument {
        /// The id of the instrument.
        pub instrument: String,
        /// What it is about.
        pub topic: Topic,
        /// The side it takes.
        pub side: Side,
        /// The argument, in a sentence.
        pub text: String,
        /// The organisation that makes it.
        pub by: Option<String>,
        /// The digest of the paper in which it is made.
        pub document: Option<Hash>,
    }
}

words! {
    /// Who is told something.
    open Audience {
        /// Subscribers or customers.
        Subscribers = "subscribers",
        /// Root programs.
        RootPrograms = "root_programs",
        /// Who reported the problem.
        Reporter = "reporter",
        /// The other side.
        Counterparty = "counterparty",
        /// A regulator.
        Regulator = "regulator",
        /// A court.
        Court = "court",
        /// An auditor.
        Auditor = "auditor",
        /// Everybody.
        Public = "public",
    }
}

members! {
    /// `legal.notice`: somebody was told about an instrument or about the incident.
    open pub struct Notice {
        /// Who was told.
        pub to: Vec<Audience>,
        /// What they were told.
        pub about: String,
        /// How.
        pub channel: Option<Channel>,
        /// The id of the instrument concerned.
        pub instrument: Option<String>,
        /// The organisations told.
        pub recipients: Vec<String>,
        /// How many were told.
        pub count: Option<u64>,
        /// Whether the notice itself was public.
        pub visibility: Option<Visibility>,
        /// Where it can be read.
        pub url: Option<String>,
        /// The digest of its text.
        pub document: Option<Hash>,
    }
}

impl Described for Instrument {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        let between = |before, names: &Vec<String>| {
            let names = (!names.is_empty()).then(|| names.join(", "));
            tail(before, names.as_ref())
        };
        format!(
            "{} {} ({}){}{}{}",
            self.r#type,
            self.direction,
            self.id,
            between(" from ", &self.from),
            between(" to ", &self.to),
            tail(": ", self.relief.as_ref())
        )
    }
}

impl Described for Step {
    fn subject(&self) -> Option<&str> {
        Some(&self.instrument)
    }

    fn summary(&self) -> String {
        format!(
            "{}: {}{}{}",
            self.instrument,
            self.step,
            tail(" by ", self.by.as_ref()),
            tail(": ", self.text.as_ref())
        )
    }
}

impl Described for Argument {
    fn subject(&self) -> Option<&str> {
        Some(&self.instrument)
    }

    fn summary(&self) -> String {
        let (topic, side) = (&self.topic, self.side);
        format!("{}: argument {side} it ({topic}): {}", self.instrument, self.text)
    }
}

impl Described for Notice {
    fn subject(&self) -> Option<&str> {
        self.instrument.as_deref()
    }

    fn summary(&self) -> String {
        let to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        format!("notice to {}: {}", to.join(", "), self.about)
    }
}
