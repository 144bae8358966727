//! All mutants, and the selection of those to try.

use crate::find;
use crate::mutant::Mutant;
use crate::settings::{Area, Equivalent, Settings};
use crate::workspace::{TestProgram, Workspace};
use anyhow::{Result, bail};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// All mutants, including those that do not compile. They are numbered from 1.
pub struct Candidates<'a> {
    areas: &'a [Area],
    files: BTreeSet<String>,
    mutants: Vec<(usize, Mutant)>,
    names: Vec<String>,
}

impl<'a> Candidates<'a> {
    pub fn find(settings: &'a Settings, workspace: &Workspace) -> Result<Self> {
        let mut files = BTreeSet::new();
        let mut mutants = Vec::new();
        for (area, of_area) in settings.areas.iter().enumerate() {
            for file in of_area.paths(&settings.root)? {
                // A file belongs to the first area that names it.
                if files.insert(file.clone()) {
                    let found = find::mutants_of(&file, &workspace.source(&file)?, settings)?;
                    mutants.extend(found.into_iter().map(|mutant| (area, mutant)));
                }
            }
        }
        Ok(Candidates {
            areas: &settings.areas,
            names: mutants.iter().map(|(_, mutant)| mutant.name()).collect(),
            files,
            mutants,
        })
    }

    pub fn get(&self, number: u32) -> (&'a Area, &Mutant) {
        let (area, mutant) = &self.mutants[number as usize - 1];
        (&self.areas[*area], mutant)
    }

    pub fn name(&self, number: u32) -> &String {
        &self.names[number as usize - 1]
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        (1..).zip(&self.mutants).map(|(number, _)| number)
    }

    pub fn digest(&self, files: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        (files, &self.names).hash(&mut hasher);
        hasher.finish()
    }

    /// Returns an error if an entry in a list of equivalent mutants describes no mutant.
    pub fn check_equivalent(&self, list: &[Equivalent]) -> Result<()> {
        let describes_one = |entry: &&Equivalent| {
            self.mutants
                .iter()
                .any(|(_, mutant)| entry.describes(mutant))
        };
        match list.iter().find(|entry| !describes_one(entry)) {
            None => Ok(()),
            Some(Equivalent {
                file,
                function,
                before,
                after,
                ..
            }) => bail!(
                "equivalent.toml: there is no mutant `{before}` → `{after}` in {function} of {file} any more"
            ),
        }
    }

    /// The packages of the test programs.
    pub fn packages(&self) -> BTreeSet<String> {
        let programs = self.areas.iter().flat_map(|area| &area.tests);
        let packages = programs.filter_map(|program| program.split_once('/'));
        packages.map(|(package, _)| package.to_owned()).collect()
    }

    fn with_numbers(&self, numbers: impl Iterator<Item = u32>) -> Vec<(u32, &Mutant)> {
        numbers.map(|number| (number, self.get(number).1)).collect()
    }

    /// Returns the mutants that do not compile. Each compilation finds more of them, because errors hide others.
    pub fn rejected(&self, workspace: &Workspace) -> Result<BTreeSet<u32>> {
        let mut rejected = BTreeSet::new();
        loop {
            let left = self.numbers().filter(|number| !rejected.contains(number));
            let written = workspace.write_mutants(&self.files, &self.with_numbers(left))?;
            let more = workspace.rejected(&self.packages(), &written)?;
            rejected.extend(&more);
            let compile = self.mutants.len() - rejected.len();
            eprintln!("{compile} of {} mutants may compile", self.mutants.len());
            if more.is_empty() {
                return Ok(rejected);
            }
        }
    }

    /// Draws `count` mutants, about equally many of each area, in addition to the equivalent mutants drawn on the way.
    pub fn draw(
        &self,
        seed: u64,
        count: usize,
        is_wanted: impl Fn(u32) -> bool,
        is_equivalent: impl Fn(u32) -> bool,
    ) -> Vec<u32> {
        let mut of_areas = vec![Vec::new(); self.areas.len()];
        for number in self.numbers().filter(|&number| is_wanted(number)) {
            of_areas[self.mutants[number as usize - 1].0].push(number);
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for numbers in &mut of_areas {
            numbers.shuffle(&mut random);
        }
        // One mutant of each area in turn.
        let mut drawn = Vec::new();
        let mut left = count;
        for turn in 0..of_areas.iter().map(Vec::len).max().unwrap_or_default() {
            for &number in of_areas.iter().filter_map(|numbers| numbers.get(turn)) {
                if left > 0 {
                    drawn.push(number);
                    left -= usize::from(!is_equivalent(number));
                }
            }
        }
        drawn
    }

    /// Writes the selected mutants and builds the test programs.
    pub fn build(&self, workspace: &Workspace, chosen: &[u32]) -> Result<Vec<TestProgram>> {
        let mutants = self.with_numbers(chosen.iter().copied());
        workspace.write_mutants(&self.files, &mutants)?;
        let mut programs = workspace.build_tests(&self.packages())?;
        programs.retain(|program| self.areas.iter().any(|a| a.tests.contains(&program.name)));
        Ok(programs)
    }
}
