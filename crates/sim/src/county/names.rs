//! Invented names: townships, villages, streets, enterprises. None of them is meant to be a real place or firm.

use crate::dice::Dice;
use std::collections::BTreeSet;

pub(crate) const COUNTY: &str = "安河县";
/// Division code of the county. GB/T 2260 has no 3799: nobody's data can be mistaken for it.
pub(crate) const DIVISION: &str = "379927";

/// The townships; the first is the county town.
pub(crate) const TOWNSHIPS: [&str; 16] = [
    "城关街道",
    "柳泉镇",
    "石梁镇",
    "青峪镇",
    "白埠镇",
    "长汀镇",
    "双堠镇",
    "云台镇",
    "枣岭镇",
    "河阳镇",
    "临泉镇",
    "大桥镇",
    "金沟镇",
    "望湖镇",
    "北岗乡",
    "南坪乡",
];

/// North–south streets of the town, from west to east.
pub(crate) const STREETS_NORTH: [&str; 9] =
    ["西环路", "柳青路", "文化路", "解放路", "人民路", "新华路", "沿河路", "工业路", "东环路"];
/// West–east streets of the town, from south to north.
pub(crate) const STREETS_EAST: [&str; 8] =
    ["南环路", "滨河街", "建设街", "安河大街", "中心街", "兴业街", "朝阳街", "北环路"];

/// Streets with more lanes and longer green.
pub(crate) const STREETS_MAIN: [&str; 5] = ["柳青路", "人民路", "工业路", "安河大街", "朝阳街"];

const SURNAMES: [&str; 36] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "孙", "周", "徐", "朱", "高", "林", "郭", "马", "宋", "唐",
    "许", "韩", "冯", "邓", "曹", "彭", "曾", "田", "董", "潘", "袁", "蔡", "蒋", "于", "杜", "叶", "程",
    "魏", "薛",
];
const KINDS: [&str; 10] = ["家庄", "家村", "家楼", "家岭", "家沟", "家屯", "家疃", "家埠", "官庄", "家洼"];
const SIDES: [&str; 8] = ["东", "西", "前", "后", "大", "小", "南", "北"];

/// A village name that `taken` does not have yet.
pub(crate) fn village(dice: &mut Dice, taken: &mut BTreeSet<String>) -> String {
    loop {
        let side = if dice.chance(0.4) { *dice.pick(&SIDES) } else { "" };
        let name = format!("{side}{}{}", dice.pick(&SURNAMES), dice.pick(&KINDS));
        if taken.insert(name.clone()) {
            return name;
        }
    }
}

const FIRM_WORDS: [&str; 24] = [
    "安达", "顺通", "恒运", "鸿途", "捷安", "瑞丰", "远程", "金轮", "宏图", "平顺", "万里", "天马", "通衢",
    "泰和", "广源", "华旺", "新程", "畅行", "鲁安", "盛达", "诚信", "佳运", "亿通", "龙腾",
];

/// The transport enterprises of a kind, such as `客运有限公司`; `number` chooses one.
pub(crate) fn firm(number: usize, kind: &str) -> String {
    format!("{}{}{kind}", COUNTY, FIRM_WORDS[number % FIRM_WORDS.len()])
}
