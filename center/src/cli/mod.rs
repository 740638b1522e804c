//! The command line: the server, and a client of its REST API.

/// Prints a line for people or scripts.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::table::line(format_args!($($text)*))
    };
}

mod api;
mod device;
mod inspect;
mod monitor;
mod pack;
mod package;
mod plan;
mod product;
mod table;

use crate::domain::rate::Limits;
use crate::serve;
use anstream::{AutoStream, ColorChoice};
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

/// The Developer Center: upgrade plans for devices that run MicroPython.
#[derive(Parser)]
#[command(name = "qth-center", version)]
pub struct Command {
    #[command(flatten)]
    client: Client,
    #[command(subcommand)]
    task: Task,
}

/// How the client commands reach a Center, and what they print.
#[derive(Args, Clone)]
pub struct Client {
    /// Address of the Center's REST API
    #[arg(long, global = true, env = "QTH_CENTER", default_value = "http://127.0.0.1:8080")]
    center: String,
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Run the Center
    Serve {
        /// Folder of the database and the files
        #[arg(long)]
        data: PathBuf,
        /// Where devices connect (port 0: any free one)
        #[arg(long, default_value = "127.0.0.1:1883")]
        mqtt: SocketAddr,
        /// REST API and downloads (port 0: any free one)
        #[arg(long, default_value = "127.0.0.1:8080")]
        http: SocketAddr,
        /// How devices reach the downloads, where that is not the address of --http
        #[arg(long)]
        public_url: Option<String>,
        /// Most messages of data that a device may send in a minute (default: any number)
        #[arg(long, value_name = "NUMBER")]
        messages_per_minute: Option<u32>,
        /// Most messages of data that a device may send in a day (default: any number)
        #[arg(long, value_name = "NUMBER")]
        messages_per_day: Option<u32>,
    },
    /// Products: classes of devices
    #[command(subcommand)]
    Product(product::Task),
    /// Version packages: firmware files
    #[command(subcommand)]
    Package(package::Task),
    /// Upgrade plans
    #[command(subcommand)]
    Plan(plan::Task),
    /// Devices
    #[command(subcommand)]
    Device(device::Task),
    /// Package files: full images, deltas, signatures. Needs no Center
    #[command(subcommand)]
    Pack(pack::Task),
    /// Watch a plan: its devices, their states, their logs
    Monitor(monitor::Task),
}

impl Command {
    /// Does what the command says.
    pub fn run(self) -> anyhow::Result<()> {
        let api = api::Api::new(&self.client.center, self.client.json);
        match self.task {
            Task::Serve { data, mqtt, http, public_url, messages_per_minute, messages_per_day } => {
                let filter =
                    EnvFilter::try_from_env("QTH_LOG").unwrap_or_else(|_| EnvFilter::new("warn,qth_center=info,rmqtt=error"));
                tracing_subscriber::fmt()
                    .with_env_filter(filter)
                    .with_target(false)
                    .with_ansi(AutoStream::choice(&std::io::stderr()) != ColorChoice::Never)
                    .with_writer(std::io::stderr)
                    .init();
                let limits = Limits { per_minute: messages_per_minute, per_day: messages_per_day };
                let runtime = tokio::runtime::Runtime::new()?;
                let done = runtime.block_on(serve::run(serve::Options { data, mqtt, http, public_url, limits }));
                runtime.shutdown_background();
                done
            }
            Task::Product(task) => task.run(&api),
            Task::Package(task) => task.run(&api),
            Task::Plan(task) => task.run(&api),
            Task::Device(task) => task.run(&api),
            Task::Pack(task) => task.run(&api),
            Task::Monitor(task) => task.run(&api),
        }
    }
}
