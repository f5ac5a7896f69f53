//! Draws a figure with two logarithmic axes.

use std::path::Path;

use plotters::prelude::*;

use crate::{Figure, show_size};

/// Colours of the contenders, ours first.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0xc0, 0x39, 0x2b),
    RGBColor(0x29, 0x80, 0xb9),
    RGBColor(0x27, 0xae, 0x60),
    RGBColor(0x8e, 0x44, 0xad),
];

pub(crate) fn draw(figure: &Figure, path: &Path) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of plots");
    let points = || figure.series.iter().flat_map(|series| &series.points);
    let sizes = points().map(|(size, _)| *size as f64);
    let (least, most) = sizes.fold((f64::MAX, f64::MIN), |(least, most), size| {
        (least.min(size), most.max(size))
    });
    let values = points().map(|(_, value)| *value);
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });

    let area = SVGBackend::new(path, (720, 420)).into_drawing_area();
    area.fill(&WHITE).expect("a plot");
    let mut chart = ChartBuilder::on(&area)
        .caption(figure.title, ("sans-serif", 18))
        .margin(14)
        .x_label_area_size(32)
        .y_label_area_size(70)
        .build_cartesian_2d((least..most).log_scale(), (low / 1.5..high * 1.5).log_scale())
        .expect("a plot");
    chart
        .configure_mesh()
        .x_desc("n")
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(0xdd, 0xdd, 0xdd))
        .x_label_formatter(&|size| show_size(size.round() as usize))
        .y_label_formatter(&|value| figure.unit.show(*value))
        .draw()
        .expect("a plot");
    for (series, colour) in figure.series.iter().zip(COLOURS) {
        let points = || series.points.iter().map(|(size, value)| (*size as f64, *value));
        chart
            .draw_series(LineSeries::new(points(), colour.stroke_width(2)))
            .expect("a plot")
            .label(series.contender)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart
            .draw_series(points().map(|point| Circle::new(point, 3, colour.filled())))
            .expect("a plot");
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .draw()
        .expect("a plot");
    area.present().expect("a plot");
}
