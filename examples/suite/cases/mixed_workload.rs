//! Several kinds of users at once, who disturb each other: the report says how much.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};

use proofload::{
    Context, Result, millis,
    procedure::{Agent, MixedAgents, Pattern},
    seconds,
};

/// What is put under stress.
type Shop = Arc<RwLock<BTreeMap<u64, u64>>>;

/// Ten who look, one who buys: both are served.
#[proofload::case(max_cpu = "off")]
async fn mixed_workload(cx: Context) -> Result {
    let shop = Shop::default();
    let (looked, bought) = (Arc::clone(&shop), shop);
    let looks = Agent::new("looks", Pattern::users(10, millis(5), millis(15)), move |op| {
        let seen = looked.read().map(|goods| goods.get(&(op.index % 100)).copied()).map_err(|error| error.to_string());
        async move { seen }
    });
    let buys = Agent::new("buys", Pattern::users(1, millis(20), millis(40)), move |op| {
        let bought = bought.write().map(|mut goods| *goods.entry(op.index % 100).or_default() += 1);
        let bought = bought.map_err(|error| error.to_string());
        async move { bought }
    });
    MixedAgents::new()
        .lasting(seconds(2))
        .agent(looks.objective("success_rate >= 95%").objective("latency.p95 <= 500ms"))
        .agent(buys.objective("success_rate >= 95%"))
        .run(&cx)
        .await?;
    cx.done()
}
