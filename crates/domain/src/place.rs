//! Places on the earth. The datum is in the type: mixing WGS-84 and GCJ-02 is a fault of about 500 m.

use serde::{Deserialize, Serialize};

/// Mean earth radius in metres (IUGG).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A point as satellites and vehicle terminals give it; the only datum used inside. 1e-7 degrees, about 1 cm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wgs84 {
    lon_e7: i32,
    lat_e7: i32,
}

impl Wgs84 {
    /// A point by degrees; `None` outside the earth or when not finite.
    pub fn new(lon_deg: f64, lat_deg: f64) -> Option<Self> {
        ((-180.0..=180.0).contains(&lon_deg) && (-90.0..=90.0).contains(&lat_deg))
            .then(|| Self { lon_e7: (lon_deg * 1e7).round() as i32, lat_e7: (lat_deg * 1e7).round() as i32 })
    }

    /// Longitude in degrees, east positive.
    pub fn lon_deg(self) -> f64 {
        f64::from(self.lon_e7) / 1e7
    }

    /// Latitude in degrees, north positive.
    pub fn lat_deg(self) -> f64 {
        f64::from(self.lat_e7) / 1e7
    }

    /// Great-circle distance in metres (haversine).
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat1, lat2) = (self.lat_deg().to_radians(), other.lat_deg().to_radians());
        let half_lat = ((lat2 - lat1) / 2.0).sin();
        let half_lon = ((other.lon_deg() - self.lon_deg()).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + lat1.cos() * lat2.cos() * half_lon * half_lon;
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }

    /// The point as Chinese maps show it.
    pub fn to_gcj02(self) -> Gcj02 {
        let (lon, lat) = (self.lon_deg(), self.lat_deg());
        let (d_lon, d_lat) = gcj02_shift_deg(lon, lat);
        Gcj02 { lon_deg: lon + d_lon, lat_deg: lat + d_lat }
    }
}

/// A point of a Chinese map (GCJ-02). Only at the edge: made for showing, or read from a source that says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gcj02 {
    /// Longitude in degrees.
    pub lon_deg: f64,
    /// Latitude in degrees.
    pub lat_deg: f64,
}

impl Gcj02 {
    /// The satellite point that is shown here; exact to about 1 cm by iteration.
    pub fn to_wgs84(self) -> Option<Wgs84> {
        let (mut lon, mut lat) = (self.lon_deg, self.lat_deg);
        for _ in 0..8 {
            let (d_lon, d_lat) = gcj02_shift_deg(lon, lat);
            lon = self.lon_deg - d_lon;
            lat = self.lat_deg - d_lat;
        }
        Wgs84::new(lon, lat)
    }
}

/// The shift of GCJ-02 in degrees, zero outside China. Formula as published with the open "eviltransform" conversion
/// (Krasovsky 1940 ellipsoid).
fn gcj02_shift_deg(lon: f64, lat: f64) -> (f64, f64) {
    const SEMI_MAJOR_M: f64 = 6_378_245.0;
    const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
    if !(72.004..=137.8347).contains(&lon) || !(0.8293..=55.8271).contains(&lat) {
        return (0.0, 0.0);
    }
    let (x, y) = (lon - 105.0, lat - 35.0);
    let pi = std::f64::consts::PI;
    let wave = 20.0 * (6.0 * x * pi).sin() + 20.0 * (2.0 * x * pi).sin();
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + (wave
            + 20.0 * (y * pi).sin()
            + 40.0 * (y / 3.0 * pi).sin()
            + 160.0 * (y / 12.0 * pi).sin()
            + 320.0 * (y * pi / 30.0).sin())
            * 2.0
            / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + (wave
            + 20.0 * (x * pi).sin()
            + 40.0 * (x / 3.0 * pi).sin()
            + 150.0 * (x / 12.0 * pi).sin()
            + 300.0 * (x / 30.0 * pi).sin())
            * 2.0
            / 3.0;
    let lat_rad = lat.to_radians();
    let magic = 1.0 - ECCENTRICITY_SQUARED * lat_rad.sin().powi(2);
    let meridian_m = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (magic * magic.sqrt());
    let parallel_m = SEMI_MAJOR_M / magic.sqrt() * lat_rad.cos();
    ((east / parallel_m).to_degrees(), (north / meridian_m).to_degrees())
}

/// The four theatres of work (四大战场): every place, figure and deployment belongs to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Theatre {
    /// 高速公路
    Expressway,
    /// 国省道
    NationalProvincial,
    /// 城区
    Urban,
    /// 农村道路
    Rural,
}

impl Theatre {
    /// All theatres, in the order in which reports name them.
    pub const ALL: [Self; 4] = [Self::Expressway, Self::NationalProvincial, Self::Urban, Self::Rural];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Expressway => "expressway",
            Self::NationalProvincial => "national_provincial",
            Self::Urban => "urban",
            Self::Rural => "rural",
        }
    }

    /// The theatre of a key or of its Chinese name.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim() {
            "expressway" | "高速" | "高速公路" => Self::Expressway,
            "national_provincial" | "国省道" => Self::NationalProvincial,
            "urban" | "城区" => Self::Urban,
            "rural" | "农村" | "农村道路" => Self::Rural,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gcj02_differs_by_some_hundred_metres_in_china_and_not_outside() {
        let tiananmen = Wgs84::new(116.391_3, 39.907_5).unwrap();
        let shown = tiananmen.to_gcj02();
        // Published pair for this formula.
        assert!((shown.lon_deg - 116.397_54).abs() < 1e-4, "{shown:?}");
        assert!((shown.lat_deg - 39.908_90).abs() < 1e-4, "{shown:?}");
        let london = Wgs84::new(-0.1278, 51.5074).unwrap();
        assert_eq!(london.to_gcj02(), Gcj02 { lon_deg: -0.1278, lat_deg: 51.5074 });
    }

    #[test]
    fn one_degree_of_latitude_is_111_km() {
        let a = Wgs84::new(118.8, 35.0).unwrap();
        let b = Wgs84::new(118.8, 36.0).unwrap();
        assert!((a.distance_m(b) - 111_195.0).abs() < 1.0);
        assert_eq!(Wgs84::new(f64::NAN, 0.0), None);
        assert_eq!(Wgs84::new(181.0, 0.0), None);
    }

    proptest! {
        #[test]
        fn gcj02_comes_back_within_a_metre(lon in 74.0f64..134.0, lat in 18.0f64..53.0) {
            let point = Wgs84::new(lon, lat).unwrap();
            let back = point.to_gcj02().to_wgs84().unwrap();
            prop_assert!(point.distance_m(back) < 1.0);
        }
    }
}
