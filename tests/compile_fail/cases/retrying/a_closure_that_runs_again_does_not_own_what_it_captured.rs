use crow_tests::prelude::*;

async fn accepted(pool: &TenantPool, shop: TenantId, make: String) -> Result<usize, Error> {
    pool.build_transaction(shop)
        .retrying(3)
        .run(async |tx| tx.delete::<Vehicle>().filter(vehicles::make.eq(&make)).execute(tx).await)
        .await
}

#[cfg(refused)]
async fn refused(pool: &TenantPool, shop: TenantId, make: String) -> Result<usize, Error> {
    pool.build_transaction(shop)
        .retrying(3)
        .run(async move |tx| tx.delete::<Vehicle>().filter(vehicles::make.eq(&make)).execute(tx).await) //~ error: async closure does not implement `Fn` because it captures state from its environment
        .await
}
