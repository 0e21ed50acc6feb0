//! A password is never printed, whatever goes wrong.

use crate::{Outcome, Run, crow, shop};

fn expect_no_secret(run: &Run) {
    assert!(!run.out.contains("s3cret") && !run.err.contains("s3cret"), "{run:?}");
}

#[test]
fn a_url_that_does_not_work_is_not_quoted() {
    for (url, says) in [
        ("", "which database?"),
        (
            "postgresql://crow_app:s3cret@127.0.0.1:1/shop?connect_timeout=2",
            "cannot connect to database shop as crow_app",
        ),
        ("postgresql://crow_app:s3cret@127.0.0.1:port/shop", "write postgresql://"),
        ("postgresql://crow_app:s3cret@127.0.0.1/shop?sslmode=perhaps", "sslmode is one of"),
        ("s3cret", "write postgresql://"),
    ] {
        for arguments in [&["audit"][..], &["matrix"], &["install", "--yes"]] {
            let run = crow(url, arguments).expect(2, &[], &["crow: ", says]);
            expect_no_secret(&run);
        }
    }
    let flag = ["audit", "--database-url", "postgresql://crow_app:s3cret@127.0.0.1:1/shop?connect_timeout=2"];
    expect_no_secret(&crow("", &flag).expect(2, &[], &["cannot connect"]));
    expect_no_secret(&crow("postgresql://a:s3cret@h/b", &["--help"]).expect(0, &[], &[]));
}

#[tokio::test]
async fn a_wrong_password_is_not_quoted() -> Outcome {
    let database = shop().await?;
    let url = database
        .superuser_url()
        .replace("postgresql://", "postgresql://nobody_here:s3cret@")
        .replace("@postgres@", "@");
    expect_no_secret(&crow(&url, &["audit"]).expect(2, &[], &["crow: "]));
    Ok(())
}
