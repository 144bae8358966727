//! What can be typed.

mod optimizer;

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use mnist_demo::Error;
use mnist_demo::model::Model;
use mnist_demo::train::{Length, Settings};
use nn::{Activation, Loss, Method, Output};
use optimizer::OptimizerArguments;

use crate::commands::one_line;

/// Trains a network on MNIST, and holds the gradients of the tape against the formulas derived by hand.
///
/// Without a command it trains the paper's network: 784-10-10, all 60,000 images in each of 1,000 steps.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) train: TrainArguments,
}

const EXIT_CODES: &str = "\
Exit status:
  0    all is well
  1    tape and formulas are further apart than their bound
  2    a file, a folder or an option cannot be used, or the loss is no finite number any more
  130  training was stopped with Ctrl-C, and what was trained so far is kept";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a network (also what happens without a command)
    #[command(after_help = EXIT_CODES)]
    Train(TrainArguments),
    /// Hold the tape's gradients against the δ formulas, for every weight and bias
    #[command(after_help = EXIT_CODES)]
    Compare(CompareArguments),
    /// Tell cost, accuracy and confusion of saved weights
    Eval(EvalArguments),
    /// Show what saved weights make of one picture
    Predict(PredictArguments),
    /// Read the paper: every formula by hand and by the tape, and where print and mathematics part
    #[command(after_help = EXIT_CODES)]
    Paper(PaperArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// Widths of the hidden layers, such as 128,64; `none` for no hidden layer
    #[arg(long, default_value = "10", value_name = "WIDTHS")]
    widths: Widths,

    /// Activation of the hidden layers
    #[arg(long, default_value = "relu", value_parser = activation())]
    activation: Activation,

    /// Cost; cross-entropy stands behind softmax
    #[arg(long, value_enum, default_value = "cross-entropy")]
    loss: LossKind,

    /// Map on the last layer in front of the squared difference: softmax or an activation [default: sigmoid]
    #[arg(long, value_name = "MAP", value_parser = output())]
    output_map: Option<Output>,
}

#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    #[command(flatten)]
    model: ModelArguments,

    /// Images in a step, drawn anew for each epoch [default: all]
    #[arg(long, value_name = "IMAGES")]
    batch: Option<usize>,

    /// Number of steps [default: 1000]
    #[arg(long, conflicts_with = "epochs")]
    steps: Option<u64>,

    /// Number of times through all images, in place of --steps
    #[arg(long)]
    epochs: Option<u64>,

    #[command(flatten)]
    optimizer: OptimizerArguments,

    /// What initial weights and batches are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// What the gradients come from: the tape, or the δ formulas
    #[arg(long, value_enum, default_value = "tape")]
    method: MethodName,

    /// Numbers that the network is trained in
    #[arg(long, value_enum, default_value = "f32")]
    pub(crate) precision: Precision,

    #[command(flatten)]
    pub(crate) threads: Threads,

    #[command(flatten)]
    pub(crate) data: DataFolder,

    /// Folder for the results; made if it is missing
    #[arg(long, value_name = "DIR", default_value = "mnist-run")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,

    /// Number of batches
    #[arg(long, default_value_t = 100)]
    pub(crate) batches: usize,

    /// Images in a batch
    #[arg(long, value_name = "IMAGES", default_value_t = 128)]
    pub(crate) batch: usize,

    /// What weights and batches are drawn from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Make the derivatives of one side wrong by a thousandth in the first layer, to see that it is noticed
    #[arg(long, value_enum, value_name = "SIDE")]
    plant_error: Option<MethodName>,

    /// Write JSON
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
    /// A picture of a digit as PNG, or the number of a test image, counted from 0
    #[arg(value_name = "PICTURE")]
    pub(crate) picture: PathBuf,

    #[command(flatten)]
    pub(crate) weights: WeightsFile,

    #[command(flatten)]
    pub(crate) data: DataFolder,
}

#[derive(Debug, Args)]
pub(crate) struct PaperArguments {
    /// Only this section, by number or name, such as 9 or softmax; may be given several times
    #[arg(long, value_name = "SECTION")]
    pub(crate) section: Vec<String>,

    /// Show where the paper's print and its mathematics part
    #[arg(long)]
    pub(crate) errata: bool,

    /// Write sections and errata as one HTML file into this folder; made if it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,

    /// Train for a few steps only, which is not held against the paper's accuracy
    #[arg(long)]
    pub(crate) quick: bool,

    /// Widths of the network whose paths section 5 walks, inputs first, such as 3,4,4,2 [default: several]
    #[arg(long, value_name = "WIDTHS")]
    widths: Option<Widths>,

    /// What weights and points are drawn from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) threads: Threads,

    #[command(flatten)]
    pub(crate) data: DataFolder,
}

impl PaperArguments {
    /// The widths of the network whose paths are walked.
    pub(crate) fn widths(&self) -> Option<Vec<usize>> {
        self.widths.as_ref().map(|widths| widths.0.clone())
    }
}

#[derive(Debug, Args)]
pub(crate) struct WeightsFile {
    /// File of the weights
    #[arg(
        long = "weights",
        value_name = "FILE",
        default_value = "mnist-run/weights.safetensors"
    )]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DataFolder {
    /// Folder with four IDX files, such as those of Fashion-MNIST, plain or gzip [default: the built-in MNIST]
    #[arg(long = "data", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Threads {
    /// Number of threads, which changes no bit of the result [default: all cores]
    #[arg(long = "threads", value_name = "THREADS")]
    pub(crate) number: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    F32,
    F64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LossKind {
    CrossEntropy,
    SquaredDifference,
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
            MethodName::Delta => Method::ClosedForm,
        }
    }
}

/// Widths with commas between them, or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Widths(Vec<usize>);

impl FromStr for Widths {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Widths(Vec::new()));
        }
        let width = |text: &str| {
            let width = text.trim().parse();
            width.map_err(|error| format!("`{}` is not a width: {error}", text.trim()))
        };
        text.split(',')
            .map(width)
            .collect::<Result<_, _>>()
            .map(Widths)
    }
}

fn activation() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::ALL.map(Activation::name))
        .try_map(|name| name.parse::<Activation>())
}

fn output() -> impl TypedValueParser<Value = Output> {
    let names = Activation::ALL.map(Activation::name);
    PossibleValuesParser::new(["softmax"].into_iter().chain(names)).try_map(|name| {
        match name.as_str() {
            "softmax" => Ok(Output::Softmax),
            name => name.parse().map(Output::Elementwise),
        }
    })
}

impl ModelArguments {
    /// The network and cost that are asked for.
    pub(crate) fn model(&self) -> Result<Model, Error> {
        let loss = match (self.loss, self.output_map) {
            (LossKind::CrossEntropy, None) => Loss::cross_entropy(),
            (LossKind::CrossEntropy, Some(_)) => {
                return Err(Error::setting(
                    "--output-map",
                    "cross-entropy stands behind softmax and takes no other map",
                ));
            }
            (LossKind::SquaredDifference, map) => Loss::SquaredDifference {
                output: map.unwrap_or(Output::Elementwise(Activation::Sigmoid)),
            },
        };
        Ok(Model {
            hidden: self.widths.0.clone(),
            activation: self.activation,
            loss,
        })
    }
}

impl TrainArguments {
    /// How to train.
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
    /// What the data is called.
    pub(crate) fn name(&self) -> String {
        match &self.folder {
            None => "MNIST".to_owned(),
            Some(folder) => one_line(folder.display()),
        }
    }
}

impl CompareArguments {
    /// The side that is made wrong.
    pub(crate) fn planted(&self) -> Option<Method> {
        self.plant_error.map(Method::from)
    }
}
