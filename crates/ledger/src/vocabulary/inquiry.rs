//! `inquiry.*`: questions and requests put to the organisation in public, and the replies.

use super::describe::{Described, tail};
use super::members::{members, words};
use super::statement::Speaker;
use crate::time::When;

words! {
    /// Whether an inquiry asks to know or asks for an act.
    closed InquiryForm {
        /// A question.
        Question = "question",
        /// A request.
        Request = "request",
    }
}

words! {
    /// What sort of reply was given.
    closed Reply {
        /// An answer.
        Answer = "answer",
        /// An answer to a part.
        Partial = "partial",
        /// A note that the inquiry was received.
        Acknowledgement = "acknowledgement",
        /// A refusal to answer.
        Declined = "declined",
    }
}

members! {
    /// `inquiry.asked`: a question or request.
    open pub struct Asked {
        /// A name to refer to it by.
        pub id: String,
        /// A question or a request.
        pub form: InquiryForm,
        /// What is asked.
        pub text: String,
        /// Who asks.
        pub asker: Speaker,
        /// Where it was asked.
        pub url: Option<String>,
        /// The number of the comment.
        pub item: Option<u64>,
        /// The bytes of the text that ask it, end exclusive.
        pub span: Option<[u64; 2]>,
        /// By when an answer is asked for.
        pub due: Option<When>,
    }
}

members! {
    /// `inquiry.answered`: a reply was given.
    open pub struct Answered {
        /// The inquiry.
        pub id: String,
        /// What sort of reply; absent: an answer.
        pub reply: Option<Reply>,
        /// The id of the statement that replies.
        pub statement: Option<String>,
        /// Where it was given.
        pub url: Option<String>,
        /// The number of the comment.
        pub item: Option<u64>,
        /// The bytes of the text that reply, end exclusive.
        pub span: Option<[u64; 2]>,
    }
}

members! {
    /// `inquiry.disputed`: somebody says that the reply does not answer.
    open pub struct Disputed {
        /// The inquiry.
        pub id: String,
        /// Who says so.
        pub by: Option<Speaker>,
        /// The reason given.
        pub why: Option<String>,
        /// Where it was said.
        pub url: Option<String>,
        /// The number of the comment.
        pub item: Option<u64>,
    }
}

members! {
    /// `inquiry.withdrawn`: the asker no longer asks for a reply.
    open pub struct Withdrawn {
        /// The inquiry.
        pub id: String,
        /// The reason given.
        pub why: Option<String>,
        /// Where it was said.
        pub url: Option<String>,
        /// The number of the comment.
        pub item: Option<u64>,
    }
}

members! {
    /// `inquiry.asked_again`: the same thing was asked again, by anybody.
    open pub struct AskedAgain {
        /// The inquiry.
        pub id: String,
        /// Who asks again.
        pub by: Option<Speaker>,
        /// Where it was asked.
        pub url: Option<String>,
        /// The number of the comment.
        pub item: Option<u64>,
        /// The bytes of the text that ask it, end exclusive.
        pub span: Option<[u64; 2]>,
    }
}

impl Described for Asked {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("{} asks ({} {}): {}", self.asker.name(), self.form, self.id, self.text)
    }
}

impl Described for Answered {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        let statement = tail(" in ", self.statement.as_ref());
        let item = tail(", comment ", self.item.as_ref());
        format!("{}: {}{statement}{item}", self.id, self.reply.unwrap_or(Reply::Answer))
    }
}

impl Described for Disputed {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        let by = self.by.as_ref().map(Speaker::name);
        let why = tail(": ", self.why.as_ref());
        format!("{}: reply disputed{}{why}", self.id, tail(" by ", by.as_ref()))
    }
}

impl Described for Withdrawn {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        format!("{}: no longer asked{}", self.id, tail(": ", self.why.as_ref()))
    }
}

impl Described for AskedAgain {
    fn subject(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn summary(&self) -> String {
        let by = self.by.as_ref().map(Speaker::name);
        let item = tail(", comment ", self.item.as_ref());
        format!("{}: asked again{}{item}", self.id, tail(" by ", by.as_ref()))
    }
}
