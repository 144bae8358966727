//! Command-line arguments.

mod message;
mod model;
mod optimizer;

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use message::error_message;
use mnist_core::Error;
use mnist_core::gradient::Method;
use mnist_core::train::{Length, Settings};
use model::{ModelArguments, Widths};
use optimizer::OptimizerArguments;

use crate::commands::one_line;

/// Trains a network on MNIST, and checks the tape's gradients against the formulas derived by hand.
///
/// Without a command it trains the paper's network: 784-10-10, on all 60,000 images in each of 1,000 steps.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = TRAIN_STATUS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) train: TrainArguments,
}

const TRAIN_STATUS: &str = "\
Exit status:
  0    success
  1    tape and formulas differ by more than the bounds
  2    a file, folder or option cannot be used, or the loss is no longer finite
  130  training was stopped by Ctrl-C; what was trained so far is kept
  129  the same after SIGHUP, which nohup ignores
  143  the same after SIGTERM";

const COMPARE_STATUS: &str = "\
Exit status:
  0    success
  1    tape and formulas differ by more than the bounds
  2    a file, folder or option cannot be used";

const PAPER_STATUS: &str = "\
Exit status:
  0    success
  1    a check of a formula or an erratum failed
  2    a file, folder or option cannot be used";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a network (the default command)
    #[command(after_help = TRAIN_STATUS)]
    Train(TrainArguments),
    /// Compare the tape's gradients with the δ formulas, for every weight and bias
    #[command(after_help = COMPARE_STATUS)]
    Compare(CompareArguments),
    /// Show the cost, accuracy and confusion matrix of saved weights
    Eval(EvalArguments),
    /// Classify one image with saved weights
    Predict(PredictArguments),
    /// Check the paper, section by section: every formula by hand and by the tape, and its errata
    #[command(after_help = PAPER_STATUS)]
    Paper(PaperArguments),
}

#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    #[command(flatten)]
    model: ModelArguments,

    /// Images per step, shuffled anew for each epoch [default: all]
    #[arg(long, value_name = "IMAGES", allow_hyphen_values = true)]
    batch: Option<usize>,

    /// Number of steps [default: 1000]
    #[arg(long, conflicts_with = "epochs", allow_hyphen_values = true)]
    steps: Option<u64>,

    /// Number of passes through all images, instead of --steps
    #[arg(long, allow_hyphen_values = true)]
    epochs: Option<u64>,

    #[command(flatten)]
    optimizer: OptimizerArguments,

    /// Seed for the initial weights and the batches
    #[arg(long, default_value_t = 1, allow_hyphen_values = true)]
    seed: u64,

    /// How gradients are computed: by the tape or by the δ formulas
    #[arg(long, value_enum, default_value = "tape", allow_hyphen_values = true)]
    method: MethodName,

    /// Precision to train in
    #[arg(long, value_enum, default_value = "f32", allow_hyphen_values = true)]
    pub(crate) precision: Precision,

    #[command(flatten)]
    pub(crate) threads: Threads,

    #[command(flatten)]
    pub(crate) data: DataFolder,

    /// Folder for the results, created if missing
    #[arg(
        long,
        value_name = "DIR",
        default_value = "mnist-run",
        allow_hyphen_values = true,
        value_parser = path()
    )]
    pub(crate) output: PathBuf,

    /// Write a checkpoint into the folder for the results every so many steps, and remove the one before
    #[arg(long, value_name = "STEPS", allow_hyphen_values = true)]
    pub(crate) checkpoint: Option<u64>,

    /// Continue from the checkpoint in the folder for the results, whose run had the same options
    #[arg(long)]
    pub(crate) resume: bool,

    /// Print a summary as JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,

    /// Number of batches
    #[arg(long, default_value_t = 100, allow_hyphen_values = true)]
    pub(crate) batches: usize,

    /// Images per batch
    #[arg(
        long,
        value_name = "IMAGES",
        default_value_t = 128,
        allow_hyphen_values = true
    )]
    pub(crate) batch: usize,

    /// Seed for the weights and the batches
    #[arg(long, default_value_t = 1, allow_hyphen_values = true)]
    pub(crate) seed: u64,

    /// Make one side's derivatives in the first layer wrong by 0.1 %, to show that this is caught
    #[arg(long, value_enum, value_name = "SIDE", allow_hyphen_values = true)]
    plant_error: Option<MethodName>,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) threads: Threads,

    #[command(flatten)]
    pub(crate) data: DataFolder,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    #[command(flatten)]
    pub(crate) weights: WeightsFile,

    #[command(flatten)]
    pub(crate) data: DataFolder,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArguments {
    /// A PNG image of a digit, or the number of a test image, counting from 0
    #[arg(value_name = "IMAGE")]
    pub(crate) image: PathBuf,

    #[command(flatten)]
    pub(crate) weights: WeightsFile,

    #[command(flatten)]
    pub(crate) data: DataFolder,
}

#[derive(Debug, Args)]
pub(crate) struct PaperArguments {
    /// Only this section, by number or name, such as 9 or softmax; can be repeated
    #[arg(long, value_name = "SECTION", allow_hyphen_values = true)]
    pub(crate) section: Vec<String>,

    /// Show the mistakes in the printed paper
    #[arg(long)]
    pub(crate) errata: bool,

    /// Write sections and errata as one HTML file into this folder, created if missing
    #[arg(long, value_name = "DIR", allow_hyphen_values = true, value_parser = path())]
    pub(crate) report: Option<PathBuf>,

    /// Train for a few steps only, without checking the paper's accuracy
    #[arg(long)]
    pub(crate) quick: bool,

    /// Layer widths of the network in section 5, inputs first, such as 3,4,4,2 [default: several networks]
    #[arg(long, value_name = "WIDTHS", allow_hyphen_values = true)]
    widths: Option<Widths>,

    /// Seed for weights and points
    #[arg(long, default_value_t = 1, allow_hyphen_values = true)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) threads: Threads,

    #[command(flatten)]
    pub(crate) data: DataFolder,
}

impl PaperArguments {
    /// The widths given by `--widths`.
    pub(crate) fn widths(&self) -> Option<Vec<usize>> {
        self.widths.as_ref().map(|widths| widths.0.clone())
    }
}

#[derive(Debug, Args)]
pub(crate) struct WeightsFile {
    /// File with the weights
    #[arg(
        long = "weights",
        value_name = "FILE",
        default_value = "mnist-run/weights.safetensors",
        allow_hyphen_values = true,
        value_parser = path()
    )]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DataFolder {
    /// Folder with the four IDX files of a data set such as Fashion-MNIST, plain or gzipped; images to train on may lie
    /// in parts such as train-images-idx3-ubyte-0-of-4 [default: built-in MNIST]
    #[arg(long = "data", value_name = "DIR", allow_hyphen_values = true, value_parser = path())]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Threads {
    /// Number of threads; it changes no bit of the result [default: all cores]
    #[arg(long = "threads", value_name = "THREADS", allow_hyphen_values = true)]
    pub(crate) number: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    F32,
    F64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MethodName {
    Tape,
    Delta,
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Method {
        match name {
            MethodName::Tape => Method::Tape,
            MethodName::Delta => Method::Delta,
        }
    }
}

/// Parses a path. A path that begins with a dash is an error: it is probably the next option, after a forgotten value.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path.as_os_str().to_string_lossy().starts_with('-') {
            Err("write ./ before a name that begins with a dash")
        } else {
            Ok(path)
        }
    })
}

impl TrainArguments {
    /// The settings of the training.
    pub(crate) fn settings(&self) -> Result<Settings, Error> {
        let length = match (self.steps, self.epochs) {
            (Some(steps), _) => Length::Steps(steps),
            (None, Some(epochs)) => Length::Epochs(epochs),
            (None, None) => Settings::default().length,
        };
        Ok(Settings {
            model: self.model.model()?,
            batch: self.batch,
            length,
            optimizer: self.optimizer.optimizer()?,
            seed: self.seed,
            method: self.method.into(),
        })
    }
}

impl DataFolder {
    /// The name of the data set: `MNIST`, or the folder.
    pub(crate) fn name(&self) -> String {
        match &self.folder {
            None => "MNIST".to_owned(),
            Some(folder) => one_line(folder.display()),
        }
    }
}

impl CompareArguments {
    /// The side given by `--plant-error`.
    pub(crate) fn planted(&self) -> Option<Method> {
        self.plant_error.map(Method::from)
    }
}
