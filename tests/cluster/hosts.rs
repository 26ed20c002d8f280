//! Network namespaces of the kernel as hosts of their own, each with a cable to the same switch.

use std::process::Command;

/// Hosts that are taken apart when this is dropped.
pub(crate) struct Hosts {
    /// What the names of all its parts begin with.
    name: String,
    count: u32,
    /// The first three numbers of its addresses.
    net: String,
}

/// Runs `ip`, and says what it said where it failed.
fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("ip: {error}")),
    }
}

impl Hosts {
    /// So many hosts, or why this machine cannot have any.
    pub(crate) fn new(count: u32) -> Result<Self, String> {
        let number = std::process::id() % 200 + 20;
        let hosts = Self { name: format!("pl{number}"), count, net: format!("10.231.{number}") };
        hosts.build()?;
        Ok(hosts)
    }

    fn build(&self) -> Result<(), String> {
        let Self { name, net, .. } = self;
        ip(&format!("link add {name} type bridge"))?;
        ip(&format!("addr add {net}.1/24 dev {name}"))?;
        ip(&format!("link set {name} up"))?;
        for host in 0..self.count {
            let space = self.space(host);
            let cable = self.cable(host);
            ip(&format!("netns add {space}"))?;
            ip(&format!("link add {cable} type veth peer name {cable}p"))?;
            ip(&format!("link set {cable} master {name}"))?;
            ip(&format!("link set {cable} up"))?;
            ip(&format!("link set {cable}p netns {space}"))?;
            ip(&format!("-n {space} addr add {net}.{}/24 dev {cable}p", host + 2))?;
            ip(&format!("-n {space} link set {cable}p up"))?;
            ip(&format!("-n {space} link set lo up"))?;
        }
        Ok(())
    }

    fn space(&self, host: u32) -> String {
        format!("{}-{host}", self.name)
    }

    fn cable(&self, host: u32) -> String {
        format!("{}v{host}", self.name)
    }

    /// The address of the switch, where all reach this machine.
    pub(crate) fn address(&self) -> String {
        format!("{}.1", self.net)
    }

    /// What a command is put behind to run on a host.
    pub(crate) fn on(&self, host: u32) -> Vec<String> {
        ["ip", "netns", "exec", &self.space(host)].map(str::to_owned).into()
    }

    /// Pulls the cable of a host.
    pub(crate) fn unplug(&self, host: u32) {
        ip(&format!("link set {} down", self.cable(host))).expect("it is there");
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in 0..self.count {
            let _gone = ip(&format!("netns del {}", self.space(host)));
            let _gone = ip(&format!("link del {}", self.cable(host)));
        }
        let _gone = ip(&format!("link del {}", self.name));
    }
}
