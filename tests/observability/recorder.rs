//! A subscriber that keeps all that it is told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A span that has been closed, or an event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) target: String,
    /// The names of the spans around it, from the outermost.
    pub(crate) within: Vec<String>,
    pub(crate) fields: BTreeMap<String, String>,
}

impl Seen {
    /// A field, or nothing if it was never recorded.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> f64 {
        self.field(name).parse().unwrap_or(f64::NAN)
    }
}

#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Seen>>>);

thread_local! {
    /// Who records what happens on this thread, on which a test and its runtime are alone.
    static CURRENT: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

pub(crate) struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

impl Recorder {
    /// Records what happens on this thread until the guard is dropped.
    ///
    /// `tracing` has one subscriber for all threads: with one for each, what a thread without one
    /// passes first is taken to interest nobody.
    pub(crate) fn install() -> (Self, Guard) {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            tracing::subscriber::set_global_default(Registry::default().with(OfThisThread))
                .expect("nobody else sets a subscriber");
        });
        let recorder = Self::default();
        CURRENT.set(Some(recorder.clone()));
        (recorder, Guard)
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What crow said under this name, and forgets all of it.
    pub(crate) fn take(&self, name: &str) -> Vec<Seen> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_iter().filter(|seen| seen.target == "crow" && seen.name == name).collect()
    }

    fn keep(seen: Seen) {
        CURRENT.with_borrow(|current| {
            if let Some(Self(all)) = current {
                all.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
            }
        });
    }
}

struct OfThisThread;

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for OfThisThread {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut seen = Seen {
            name: span.name().to_owned(),
            target: span.metadata().target().to_owned(),
            within: span.scope().from_root().map(|span| span.name().to_owned()).collect(),
            ..Seen::default()
        };
        seen.within.pop();
        attributes.record(&mut Fields(&mut seen.fields));
        span.extensions_mut().insert(seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(seen) = span.extensions_mut().get_mut::<Seen>()
        {
            values.record(&mut Fields(&mut seen.fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut seen = Seen { target: event.metadata().target().to_owned(), ..Seen::default() };
        event.record(&mut Fields(&mut seen.fields));
        seen.name = seen.fields.remove("message").unwrap_or_default();
        if let Some(scope) = context.event_scope(event) {
            seen.within = scope.from_root().map(|span| span.name().to_owned()).collect();
        }
        Recorder::keep(seen);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(span) = context.span(&id)
            && let Some(seen) = span.extensions_mut().remove::<Seen>()
        {
            Recorder::keep(seen);
        }
    }
}
