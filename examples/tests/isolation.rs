//! No shop reaches another's rows.

#![allow(missing_docs)]

use crow_examples::models::{ServiceRecord, Vehicle};

crow_testkit::isolation!(Vehicle, ServiceRecord);
