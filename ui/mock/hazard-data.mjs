// Invented hazards, lessons and orders of the mock county, and the words they are made of.
import { CENTER, dice, pick } from './world.mjs'

const iso = (ms) => new Date(ms).toISOString()
const HOUR = 3.6e6

const unit = (id, parent_id, kind, name) => ({
  id,
  parent_id,
  kind,
  name,
  code: null,
  location: null,
  is_enabled: true,
})
export const UNITS = [
  unit(1, null, 'county_office', '安和县交安办'),
  unit(2, 1, 'brigade', '交警大队'),
  unit(3, 2, 'squad', '城关中队'),
  unit(4, 2, 'squad', '云岭中队'),
  unit(5, 1, 'township', '云岭镇'),
  unit(6, 1, 'township', '石桥镇'),
  unit(7, 5, 'village', '老坡村'),
  unit(9, 1, 'department', '县公路事业发展中心'),
  unit(10, 1, 'department', '县交通运输局'),
]
const question = (key, text, type, options = [], is_required = false) => ({ key, text, type, options, is_required })
export const CATEGORIES = [
  {
    key: 'guardrail',
    name: '护栏缺失、损坏',
    hazard_kind: 'road',
    questions: [
      question('length', '缺失长度（米）', 'number', [], true),
      question('side', '所在侧', 'choice', ['左侧', '右侧', '两侧']),
      question('drop', '路外是否临水临崖', 'yes_no', [], true),
    ],
  },
  { key: 'sign', name: '标志、标线不清', hazard_kind: 'road', questions: [question('what', '哪一种标志', 'text')] },
  {
    key: 'sight',
    name: '视距不良',
    hazard_kind: 'road',
    questions: [question('cause', '遮挡物', 'choice', ['树木', '房屋', '广告牌', '其他'])],
  },
  { key: 'surface', name: '路面损坏', hazard_kind: 'road', questions: [] },
  {
    key: 'junction',
    name: '平交路口缺少设施',
    hazard_kind: 'road',
    questions: [question('bump', '是否有减速设施', 'yes_no')],
  },
  { key: 'elderly_tricycle', name: '老年人驾驶三轮车', hazard_kind: 'person', questions: [] },
  { key: 'unlicensed', name: '重点驾驶人资格异常', hazard_kind: 'person', questions: [] },
  { key: 'overdue_vehicle', name: '逾期未检验、未报废车辆', hazard_kind: 'vehicle', questions: [] },
  {
    key: 'enterprise_duty',
    name: '企业主体责任不落实',
    hazard_kind: 'enterprise',
    questions: [question('name', '企业名称', 'text', [], true)],
  },
]
const TITLES = {
  guardrail: ['老坡村路口弯道护栏缺失 30 米', '石桥镇水库路段波形护栏撞损', '云岭盘山路段无护栏'],
  sign: ['G205 与县道 3 交叉口警告标志褪色', '学校路段限速标志缺失', '人行横道标线磨损'],
  sight: ['支路出口树木遮挡视线', '弯道内侧围墙遮挡视距', '路口广告牌遮挡信号灯'],
  surface: ['S225 路面坑槽连片', '涵洞处路面塌陷', '桥头跳车严重'],
  junction: ['村道接国道无减速带', '平交路口无让行标志', '支路口无警示桩'],
  elderly_tricycle: ['村内三名老人驾驶无牌三轮车赶集', '集市日三轮车违法载人'],
  unlicensed: ['一名客运驾驶人准驾资格已降级'],
  overdue_vehicle: ['面包车逾期未检验仍接送务工人员', '变型拖拉机达到报废年限'],
  enterprise_duty: ['运输企业动态监控无人值守'],
}
const STATES = [
  'reported',
  'verified',
  'noticed',
  'rectifying',
  'rectifying',
  'submitted',
  'accepted',
  'struck_off',
  'struck_off',
  'struck_off',
  'unfounded',
]
const MEASURES = {
  guardrail: '补设波形护栏 30 米，端头加装反光标志',
  sign: '更换标志，补划标线',
  sight: '清除遮挡树木，增设凸面镜',
}
const photo = (i) => [`${String(i).padStart(4, '0')}`.repeat(16)]

function step(id, kind, i, at, act, act_name, from, to, actor, detail = {}) {
  return {
    id: i,
    subject: id,
    kind,
    at,
    actor,
    unit: { id: 3, name: '城关中队' },
    act,
    act_name,
    from_state: from,
    to_state: to,
    to_state_name: to,
    detail,
  }
}

export function hazardsOf(now, count = 96) {
  return Array.from({ length: count }, (_, i) => {
    const category = CATEGORIES[i % CATEGORIES.length]
    const state = STATES[(i * 7) % STATES.length]
    const rank = STATES.indexOf(state)
    const opened = now - (i * 29 + 3) * HOUR
    // Most of the open work is of these days; some of it lies.
    const changed = i % 6 === 1 ? opened : Math.max(opened, now - (2 + (i % 17)) * HOUR)
    const at = { lon: CENTER.lon + (dice() - 0.5) * 0.36, lat: CENTER.lat + (dice() - 0.5) * 0.24 }
    const id = `YH20261127-${String(1000 + i).slice(-4)}`
    const is_road = category.hazard_kind === 'road'
    return {
      id,
      kind: 'hazard',
      version: 1 + rank,
      opened_by: pick(['admin', 'liqiang', 'zhaomin', 'sunhai']),
      opened_at: iso(opened),
      changed_at: iso(changed),
      steps: [
        step(
          id,
          'hazard',
          1,
          iso(opened),
          'open',
          '上报',
          null,
          'reported',
          { id: 'sunhai', name: '孙海' },
          { title: '' },
        ),
        ...(rank > 0
          ? [
              step(id, 'hazard', 2, iso(changed), 'verify', '核实属实', 'reported', 'verified', {
                id: 'liqiang',
                name: '李强',
              }),
            ]
          : []),
      ],
      body: {
        report: {
          warning: null,
          source: ['patrol', 'village', 'public', 'crash', 'black_spot', 'department'][i % 6],
          hazard_kind: category.hazard_kind,
          category: category.key,
          grade: ['general', 'general', 'larger', 'general', 'major'][i % 5],
          title: pick(TITLES[category.key]),
          description: '巡查时发现，夜间车流较大，曾有车辆驶出路外。',
          answers: category.questions[0]
            ? [{ question: category.questions[0].key, answer: category.questions[0].type === 'number' ? '30' : '树木' }]
            : [],
          spot: is_road
            ? { at, route: pick(['G205', 'S225', 'S314', '县道3']), chainage_m: 12_300 + i * 140, description: '' }
            : { at, description: '老坡村三组' },
          theatre: pick(['national_provincial', 'rural', 'rural', 'urban']),
          unit: pick([5, 6, 3, 4]),
          plate: null,
          pictures: photo(i + 1),
          contact: i % 6 === 2 ? '139****1234' : '',
        },
        state,
        grade: ['general', 'general', 'larger', 'general', 'major'][i % 5],
        reported_by: 'sunhai',
        verified_by: rank > 0 ? 'liqiang' : null,
        notice:
          rank >= 2 && rank < 10
            ? {
                number: `安整〔2026〕${100 + i}号`,
                measure: MEASURES[category.key] ?? '限期整改，落实专人管理',
                unit: pick([9, 10, 5, 6]),
                deadline: iso(changed + (i % 4 === 0 ? -20 : 160) * HOUR),
                issued_by: 'zhaomin',
                issued_at: iso(opened + 20 * HOUR),
              }
            : null,
        rectification:
          rank >= 5 && rank < 10
            ? {
                note: '已按要求补设护栏并加装反光标志。',
                pictures: photo(i + 501),
                by: 'sunhai',
                unit: 9,
                at: iso(changed - 5 * HOUR),
              }
            : null,
        acceptance:
          rank >= 6 && rank < 10
            ? {
                note: '现场核验合格。',
                pictures: photo(i + 801),
                by: 'liqiang',
                unit: 3,
                at: iso(changed),
                distance_m: 18,
              }
            : null,
        struck_off_by: rank >= 7 && rank < 10 ? 'zhaomin' : null,
        supervision:
          i % 15 === 4 && rank > 0 && rank < 7
            ? {
                tier: 'city',
                document: '临交安办〔2026〕12号',
                until: iso(now + 240 * HOUR),
                by: 'zhaomin',
                at: iso(opened + 30 * HOUR),
              }
            : null,
        extension:
          state === 'rectifying' && i % 8 === 3
            ? { until: iso(now + 300 * HOUR), reason: '材料尚未到货', by: 'sunhai' }
            : null,
        merged_into: null,
        reason: state === 'unfounded' ? '现场核查，护栏完好。' : null,
        reopened_count: i % 20 === 7 ? 1 : 0,
      },
    }
  })
}

const TOPICS = [
  '三轮车严禁违法载人',
  '骑乘摩托车、电动车佩戴头盔',
  '安全带就是生命带',
  '疲劳驾驶的危害',
  '货车右转必停',
  '夜间出行穿戴反光衣',
]
const AUDIENCES = [
  'villager',
  'elderly',
  'child',
  'rider',
  'tricycle_driver',
  'truck_driver',
  'coach_driver',
  'enterprise',
]
export function educationsOf(now, count = 40) {
  return Array.from({ length: count }, (_, i) => {
    const at = iso(now - (i * 11 + 2) * HOUR)
    const id = `XJ20261127-${String(1000 + i).slice(-4)}`
    return {
      id,
      kind: 'education',
      version: 1,
      opened_by: pick(['admin', 'liqiang', 'sunhai']),
      opened_at: at,
      changed_at: at,
      steps: [step(id, 'education', 1, at, 'open', '登记', null, 'recorded', { id: 'liqiang', name: '李强' })],
      body: {
        lesson: {
          warning: null,
          audience: AUDIENCES[i % AUDIENCES.length],
          topic: TOPICS[i % TOPICS.length],
          material: pick(['折页', '警示片', '案例展板', '']),
          people_count: i % 7 === 0 ? 1 : 10 + ((i * 13) % 90),
          unit: pick([3, 4, 5, 6]),
          by: null,
          at,
          spot: {
            at: { lon: CENTER.lon, lat: CENTER.lat },
            description: pick(['石桥镇集市', '云岭小学', '老坡村委会', 'G205 劝导站']),
          },
          is_beside_penalty: i % 7 === 0,
          local_case: i % 9 === 0 ? '本县石桥镇李某驾驶三轮汽车载人侧翻，2 人受伤。' : null,
          pictures: photo(i + 901),
          note: '',
          theatre: 'rural',
        },
        state: i === 11 ? 'void' : 'recorded',
        taught_by: 'liqiang',
        reason: i === 11 ? '重复登记' : null,
      },
    }
  })
}

/** What the crew on the road has before it. */
export function ordersOf(now) {
  const order = (i, plate, state, more) => {
    const id = `ZL20261128-${9001 + i}`
    const at = iso(now - (i * 14 + 4) * 60_000)
    return {
      id,
      kind: 'dispatch',
      version: 1,
      opened_by: 'admin',
      opened_at: at,
      changed_at: at,
      steps: [step(id, 'dispatch', 1, at, 'open', '下达', null, 'ordered', { id: 'admin', name: '值班员王磊' })],
      body: {
        order: {
          warning: null,
          plate,
          look_for: '',
          level: 'high',
          unit: 3,
          assignee: null,
          spot: {},
          theatre: 'national_provincial',
          ring: 1,
          order: '',
          until: iso(now + 50 * 60_000),
          category: 'fatigue',
          ...more,
        },
        state,
        ordered_by: 'admin',
        ordered_from: 2,
        signed_by: state === 'ordered' ? null : 'admin',
        on_site_at: null,
        report: null,
        reported_by: null,
        reason: null,
      },
    }
  }
  return [
    order(0, '鲁Q7K218', 'ordered', {
      look_for: '白色宇通大客车，约 40 座，车身有“顺达客运”字样',
      order: '疲劳驾驶 4 小时 20 分，请在劝导站拦停，核对驾驶人并强制休息',
      spot: {
        at: { lon: CENTER.lon + 0.021, lat: CENTER.lat - 0.014 },
        route: 'G205',
        chainage_m: 12_300,
        description: '石桥劝导站',
      },
    }),
    order(1, '鲁LD3356', 'signed', {
      level: 'medium',
      look_for: '蓝色六轴半挂，篷布遮盖',
      order: '疑似超限 62%，引导至治超站称重',
      spot: {
        at: { lon: CENTER.lon - 0.03, lat: CENTER.lat + 0.02 },
        route: 'S225',
        chainage_m: 40_050,
        description: '治超站入口',
      },
      category: 'overload',
    }),
  ]
}
