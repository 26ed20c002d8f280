async fn open(_cx: proofload::Context) -> proofload::Result<impl proofload::Workload> {
    Ok(proofload::workload(|_op| async {}))
}

proofload::suite!(everything as all_of_it, open);

fn main() {}
