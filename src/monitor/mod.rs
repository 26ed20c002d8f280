//! What a case costs: samples of a child's whole process tree and of the machine, kept as a bounded timeline.
//!
//! Owns the reading of `/proc` (elsewhere of `sysinfo`) and the figures made of it. Never signals, never waits and
//! never judges: whoever owns the child decides what a sample means.

mod cost;
mod descriptors;
mod environment;
mod machine_info;
mod machine_use;
mod network;
mod own;
mod pressure;
mod recent;
mod resources;
mod sample;
mod sampler;
mod shared;
mod supply;
mod timeline;

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
mod netdev;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod procfs;
#[cfg(target_os = "linux")]
mod psi;

// Compiled for the tests on Linux too, so that the other platforms' code is exercised wherever this is built.
#[cfg(any(not(target_os = "linux"), test))]
mod portable;

pub use cost::{SamplingCost, sampling_cost, waking_cost};
#[cfg(test)]
pub(crate) use descriptors::NO_DESCRIPTORS;
pub(crate) use descriptors::is_out_of_descriptors;
pub use environment::{BuildInfo, Environment};
pub use machine_info::MachineInfo;
pub(crate) use machine_info::cores_available;
pub use machine_use::MachineUse;
pub use network::InterfaceUse;
pub(crate) use own::{OwnProcess, own_thread_time};
pub use pressure::{PressureUse, StallUse};
pub use resources::{ResourceWindow, Resources};
pub(crate) use sample::{MachineSample, TreeSample};
pub(crate) use sampler::Sampler;
pub use shared::SharedMemory;
pub(crate) use supply::{Space, Supply};
pub(crate) use timeline::ResourceRecorder;

#[cfg(target_os = "linux")]
pub(crate) use cgroup::{CgroupVersion, MemoryGroup, memory_groups};
#[cfg(target_os = "linux")]
pub(crate) use machine::{Machine, oom_kills};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{Machine, Tree, find_marked, oom_kills, peak_memory_of_self};
#[cfg(target_os = "linux")]
pub(crate) use process::{Tree, find_marked, peak_memory_of_self};
