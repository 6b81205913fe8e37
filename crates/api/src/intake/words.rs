//! The words for fields, faults and what became of a file.

use crate::wire::Language;
use gateway::file::ImportError;
use journal::AppendError;
use tables::{Field, MappingFault, ReadError, Reason, RowFault};

pub(super) fn field_name(field: Field, language: Language) -> &'static str {
    let (chinese, english) = match field {
        Field::CapturedAt => ("时间", "Time"),
        Field::Date => ("日期", "Day"),
        Field::TimeOfDay => ("时刻", "Time of day"),
        Field::Checkpoint => ("卡口", "Checkpoint"),
        Field::Plate => ("号牌号码", "Plate"),
        Field::PlateClass => ("号牌种类", "Plate class"),
        Field::PlateColor => ("号牌颜色", "Plate colour"),
        Field::PlateConfidence => ("号牌置信度", "Confidence of the plate"),
        Field::Lane => ("车道", "Lane"),
        Field::Direction => ("方向", "Direction"),
        Field::SpeedKmh => ("车速", "Speed"),
        Field::VehicleType => ("车辆类型", "Vehicle class"),
        Field::BodyColor => ("车身颜色", "Body colour"),
        Field::Terminal => ("终端", "Terminal"),
        Field::Lon => ("经度", "Longitude"),
        Field::Lat => ("纬度", "Latitude"),
        Field::HeadingDeg => ("航向", "Heading"),
        Field::AltitudeM => ("海拔", "Altitude"),
        Field::MileageKm => ("里程", "Mileage"),
    };
    language.pick(chinese, english)
}

pub(super) fn reason(reason: Reason, language: Language) -> &'static str {
    let (chinese, english) = match reason {
        Reason::ForeignBytes => ("字符编码有误，请换一种编码", "no characters of this encoding"),
        Reason::UnclosedQuote => ("引号未成对", "a quote that never closes"),
        Reason::MissingCell => ("该行列数不足", "the row is too short"),
        Reason::Empty => ("不得为空", "must not be empty"),
        Reason::NotATime => ("不是可识别的时间", "not a time that is understood"),
        Reason::InFuture => ("时间晚于当前时间", "lies in the future"),
        Reason::TooOld => ("时间早于 2000 年", "lies before 2000"),
        Reason::UnknownCheckpoint => {
            ("没有登记的卡口，请先登记或设置对照", "no registered checkpoint; register or translate it")
        }
        Reason::TooLong => ("过长", "too long"),
        Reason::NotACode => ("不是可识别的代码或词语，请设置对照", "no known code or word; translate it"),
        Reason::NotANumber => ("不是有效的数字", "not a number"),
        Reason::OutOfRange => ("数值超出范围", "a number out of range"),
        Reason::NoVehicle => ("既无号牌也无终端", "neither plate nor terminal"),
    };
    language.pick(chinese, english)
}

/// One line for the list of bad rows.
pub(super) fn row_fault(fault: &RowFault, language: Language) -> String {
    if fault.reason == Reason::UnclosedQuote {
        return reason(fault.reason, language).to_owned();
    }
    let (field, why) = (field_name(fault.field, language), reason(fault.reason, language));
    language.pick(format!("{field}：{why}"), format!("{field}: {why}"))
}

pub(super) fn mapping_fault(fault: MappingFault) -> (Field, String, String) {
    match fault {
        MappingFault::Missing(field) => (
            field,
            format!("请指定“{}”所在的列，或填写固定值。", field_name(field, Language::Chinese)),
            format!("Say which column is “{}”, or give a constant.", field_name(field, Language::English)),
        ),
        MappingFault::Foreign(field) => {
            (field, "这类数据没有此项。".into(), "Rows of this kind have no such field.".into())
        }
        MappingFault::TooMuch(field) => (field, "超出允许的范围。".into(), "More than is taken.".into()),
        MappingFault::Twice(field) => {
            (field, "该列已用于其他项。".into(), "Another field has this column.".into())
        }
    }
}

/// Why a file does not read.
pub(super) fn read_error(error: &ReadError) -> (String, String) {
    match error {
        ReadError::Io(_) => ("读取文件失败，请重新上传。".into(), "The file could not be read. Send it again.".into()),
        ReadError::NoTable => (
            "不是表格文件：仅支持 CSV、TXT、XLSX、XLS、ODS、Parquet。若为文本，请选择编码。".into(),
            "It is no table: CSV, TXT, XLSX, XLS, ODS and Parquet are read. If it is text, choose its encoding.".into(),
        ),
        ReadError::Empty => ("文件是空的。".into(), "The file is empty.".into()),
        ReadError::NoSheet(name) => (format!("没有工作表“{name}”。"), format!("There is no sheet “{name}”.")),
        ReadError::TooLarge { bytes, bytes_max } => (
            format!("表格展开后有 {} MB，超过 {} MB，请另存为 CSV。", bytes >> 20, bytes_max >> 20),
            format!("Unpacked it has {} MB, more than {} MB. Save it as CSV.", bytes >> 20, bytes_max >> 20),
        ),
        ReadError::Damaged { format, why } => (
            format!("文件已损坏或不是有效的 {} 文件（{why}）。", format.key().to_uppercase()),
            format!("It is damaged, or no {} file ({why}).", format.key().to_uppercase()),
        ),
    }
}

/// Why an import ended early.
pub(super) fn import_error(error: &ImportError) -> (String, String) {
    let stands = (
        "已导入的行保留，可再次导入，不会重复。",
        "What was imported stands; importing again doubles nothing.",
    );
    let (chinese, english) = match error {
        ImportError::Read(error) => read_error(error),
        ImportError::Append(AppendError::Full { .. }) => ("磁盘已满。".into(), "The disk is full.".into()),
        _ => ("系统内部错误。".into(), "Something failed inside.".into()),
    };
    (chinese + stands.0, format!("{english} {}", stands.1))
}
