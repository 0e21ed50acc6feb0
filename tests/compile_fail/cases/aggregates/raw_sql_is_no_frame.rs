use crow_tests::prelude::*;
use diesel::dsl::{FrameBoundDsl, FrameClauseDsl, frame};

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(window(count_star()).frame_by(frame::Rows.frame_start_with(1_u64.preceding())));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(window(count_star()).frame_by(sql::<Text>("ROWS 1 PRECEDING"))); //~ error: only a frame of diesel's can be the frame of a window
}
