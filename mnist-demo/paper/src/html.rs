//! The report: one self-contained HTML file, with formulas as MathML and figures as SVG.

use std::fmt::Write;

use mnist_core::report::duration;

use super::errata::Trial;
use super::math::{escape, mathml};
use super::text::{apart, printed};
use super::{Check, Figure, SectionRun, Table, number};

/// Formats sections and errata as an HTML page.
pub fn page(runs: &[SectionRun], trials: &[Trial]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Backpropagation, checked by the tape</title>\n<style>{}</style>\n</head>\n<body>\n",
        include_str!("html/style.css")
    );
    write_head(runs, trials, &mut html);
    html.push_str("<main id=\"main\">\n");
    for run in runs {
        write_section(run, &mut html);
    }
    if !trials.is_empty() {
        write_errata(trials, &mut html);
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn write_head(runs: &[SectionRun], trials: &[Trial], html: &mut String) {
    let checks = || runs.iter().flat_map(|run| &run.findings.checks);
    let comparisons = || checks().filter_map(|check| check.comparison);
    let numbers: usize = comparisons().map(|comparison| comparison.numbers).sum();
    // Comparisons with another bound do not compare a formula with a tape.
    let worst = comparisons()
        .filter(|comparison| comparison.bound <= super::BOUND)
        .fold(0.0, |worst: f64, comparison| worst.max(comparison.apart));
    let failed = checks().filter(|check| !check.passed).count()
        + trials.iter().filter(|trial| !trial.passed).count();
    html.push_str(
        "<a class=\"skip\" href=\"#main\">Skip to the sections</a>\n<header>\n\
         <h1>Backpropagation, checked by the tape</h1>\n\
         <p>Every formula of the paper, evaluated by hand and by the tape that differentiates what it records. \
         A difference is relative to the sum of the absolute values of the formula’s terms.</p>\n<dl class=\"totals\">\n",
    );
    for (name, value) in [
        ("sections", runs.len().to_string()),
        (
            "numbers compared",
            mnist_core::report::grouped(numbers as u64),
        ),
        ("furthest apart", format!("{worst:.1e}")),
        ("errata", trials.len().to_string()),
        ("not as it should be", failed.to_string()),
    ] {
        let _ = writeln!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    html.push_str("</dl>\n<nav aria-label=\"Sections\"><ol>\n");
    for run in runs {
        let section = run.section;
        let _ = writeln!(
            html,
            "<li value=\"{}\"><a href=\"#{}\">{}</a></li>",
            section.number,
            section.name,
            escape(section.title)
        );
    }
    html.push_str("</ol>");
    if !trials.is_empty() {
        html.push_str("<p><a href=\"#errata\">Errata</a></p>");
    }
    html.push_str("</nav>\n</header>\n");
}

fn write_section(run: &SectionRun, html: &mut String) {
    let section = run.section;
    let findings = &run.findings;
    let _ = writeln!(
        html,
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\"><span class=\"number\">P{1}</span> {2}</h2>\n\
         <p class=\"place\">{3} · {4}</p>",
        section.name,
        section.number,
        escape(section.title),
        escape(section.place),
        duration(run.seconds)
    );
    html.push_str(
        "<div class=\"formulas scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Formulas\">\n",
    );
    for formula in &findings.formulas {
        let _ = writeln!(html, "{}", mathml(formula));
    }
    html.push_str("</div>\n");
    for remark in &findings.remarks {
        let _ = writeln!(html, "<p>{}</p>", escape(remark));
    }
    for (number, figure) in findings.figures.iter().enumerate() {
        write_figure(figure, &format!("{}-figure-{number}", section.name), html);
    }
    for table in &findings.tables {
        write_table(table, html);
    }
    write_checks(&findings.checks, html);
    html.push_str("</section>\n");
}

fn write_figure(figure: &Figure, id: &str, html: &mut String) {
    let class = if figure.themed { "themed" } else { "plain" };
    // The first tag of the figure gets its role and its description.
    let svg = figure.svg.replacen(
        "<svg ",
        &format!("<svg role=\"img\" aria-labelledby=\"{id}\" "),
        1,
    );
    let svg = svg.replacen(
        '>',
        &format!(
            "><title id=\"{id}\">{}</title>",
            escape(&figure.description)
        ),
        1,
    );
    let caption = escape(&figure.caption);
    let _ = writeln!(
        html,
        "<figure class=\"{class}\">{svg}<figcaption>{caption}</figcaption></figure>"
    );
}

fn write_table(table: &Table, html: &mut String) {
    let caption = escape(&table.caption);
    let _ = write!(
        html,
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{caption}\"><table><caption>{caption}</caption><thead><tr>"
    );
    for head in &table.head {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(head));
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in &table.rows {
        html.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let cell = escape(cell);
            let _ = match column {
                0 => write!(html, "<th scope=\"row\">{cell}</th>"),
                _ => write!(html, "<td>{cell}</td>"),
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
}

/// Writes all checks of a section as a table, collapsed behind a summary.
fn write_checks(checks: &[Check], html: &mut String) {
    let passed = checks.iter().filter(|check| check.passed).count();
    let worst = checks
        .iter()
        .filter_map(|check| Some(check.comparison?.apart))
        .reduce(f64::max)
        .map(|worst| {
            format!(
                "; at most <span class=\"close\">{}</span> apart",
                apart(worst)
            )
        })
        .unwrap_or_default();
    let all = passed == checks.len();
    let _ = write!(
        html,
        "<details{}><summary>{} {passed} of {} checks hold{worst}</summary>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Checks\"><table class=\"checks\"><thead><tr><th scope=\"col\">what</th>\
         <th scope=\"col\">by hand</th><th scope=\"col\">tape</th><th scope=\"col\">apart</th><th scope=\"col\">verdict</th></tr></thead><tbody>\n",
        if all { "" } else { " open" },
        mark(all),
        checks.len()
    );
    for check in checks {
        let what = escape(&check.what);
        let verdict = mark(check.passed);
        let _ = match &check.comparison {
            None => writeln!(
                html,
                "<tr><th scope=\"row\" colspan=\"4\">{what}</th><td>{verdict}</td></tr>"
            ),
            Some(c) => writeln!(
                html,
                "<tr><th scope=\"row\">{what}</th><td>{}</td><td>{}</td><td>{}</td><td>{verdict}</td></tr>",
                number(c.by_hand),
                number(c.tape),
                apart(c.apart)
            ),
        };
    }
    html.push_str("</tbody></table></div></details>\n");
}

fn mark(good: bool) -> &'static str {
    if good {
        "<span class=\"good\"><span aria-hidden=\"true\">✓</span><span class=\"unseen\">holds</span></span>"
    } else {
        "<span class=\"bad\"><span aria-hidden=\"true\">✗</span><span class=\"unseen\">does not hold</span></span>"
    }
}

fn write_errata(trials: &[Trial], html: &mut String) {
    html.push_str(
        "<section id=\"errata\" aria-labelledby=\"errata-title\">\n<h2 id=\"errata-title\">Errata</h2>\n\
         <p>The mistakes in the printed paper. Each formula was evaluated as printed, as corrected, and by the tape.</p>\n",
    );
    for trial in trials {
        let erratum = trial.erratum;
        let c = &trial.corrected;
        let _ = writeln!(
            html,
            "<article class=\"erratum\" aria-labelledby=\"erratum-{0}\"><h3 id=\"erratum-{0}\"><span class=\"number\">{0}</span> {1} \
             <span class=\"kind\">{2}</span></h3>\n<p>{3}</p>\n<dl>\n\
             <dt>printed</dt><dd><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Printed formula\">{4}</div>{5}</dd>\n\
             <dt>corrected</dt><dd><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Corrected formula\">{6}</div>{7}, tape {8}; {9} apart {10}</dd>\n</dl></article>",
            erratum.id,
            escape(erratum.place),
            erratum.kind.name(),
            escape(erratum.reason),
            mathml(erratum.printed),
            escape(&printed(trial)),
            mathml(erratum.corrected),
            number(c.by_hand),
            number(c.tape),
            apart(c.apart),
            mark(trial.passed),
        );
    }
    html.push_str("</section>\n");
}
