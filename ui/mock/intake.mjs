// Connections and files of other systems, as the server tells them; one import takes some seconds.
const iso = (ms) => new Date(ms).toISOString()
const HOUR_MS = 3_600_000
const HEAD = ['序号', '卡口名称', '过车时间', '号牌号码', '号牌颜色', '车道', '速度(km/h)', '抓拍图片']
const row = (n) => [
  String(n + 1),
  n % 4 === 1 ? '旧北环路口' : '北环路与人民路路口',
  `2026-11-20 08:${String(n % 60).padStart(2, '0')}:36`,
  `鲁Q${String(12_000 + n * 37)}`,
  n % 3 ? '蓝' : '黄',
  String((n % 3) + 1),
  String(40 + n * 3),
  `\\\\10.1.2.3\\tp\\${n}.jpg`,
]
const mappingOf = (query) => ({
  kind: 'passage',
  head_rows: Number(query.get('head_rows') ?? 1),
  columns: { checkpoint: 1, captured_at: 2, plate: 3, plate_color: 4, lane: 5, speed_kmh: 6 },
  constants: {},
  translations: {},
  time_form: 'auto',
  zone_minutes: 480,
  datum: 'wgs84',
  encoding: query.get('encoding') || 'gb18030',
  delimiter: query.get('delimiter') || 'comma',
  sheet: null,
})
const reportOf = (mapping, rows, ended) => {
  const is_translated = Boolean(mapping.translations?.checkpoint?.['旧北环路口'])
  const unknown = is_translated ? 0 : Math.round(rows * 0.04)
  const late = Math.round(rows * 0.01)
  return {
    ended,
    problem: null,
    rows,
    good: rows - unknown - late,
    doubled: 0,
    bad: unknown + late,
    unread: Math.round(rows * 0.02),
    from: '2026-11-19T16:00:00.000Z',
    until: '2026-11-22T15:59:59.000Z',
    faults: [
      ...(unknown
        ? [
            {
              field: 'checkpoint',
              column: 1,
              reason: 'unknown_checkpoint',
              message: ['卡口：没有登记的卡口，请先登记或设置对照', 'Checkpoint: no registered checkpoint'],
              count: unknown,
              examples: [3, 7, 11].map((at) => ({ row: at, value: '旧北环路口' })),
            },
          ]
        : []),
      {
        field: 'captured_at',
        column: 2,
        reason: 'not_a_time',
        message: ['时间：不是可识别的时间', 'Time: not a time that is understood'],
        count: late,
        examples: [{ row: 57, value: '25:61' }],
      },
    ],
    unknown_words: unknown ? { checkpoint: [{ word: '旧北环路口', count: unknown }] } : {},
    bad_written: ended === 'part' ? 0 : unknown + late,
    took_ms: 1_234,
  }
}

export function intake(is_empty) {
  const files = []
  const jobs = []
  const add = (name, bytes, last) => {
    files.unshift({
      id: `0123456789abcd${String(files.length).padStart(2, '0')}`,
      name,
      bytes,
      uploaded_by: 'admin',
      uploaded_at: iso(Date.now() - files.length * HOUR_MS),
      kept_until: iso(Date.now() + 72 * HOUR_MS),
      last,
    })
    return files[0]
  }
  if (!is_empty)
    add('旧平台 11 月过车.csv', 1_274_000_000, {
      job_id: 1,
      at: iso(Date.now()),
      report: reportOf({}, 10_000_000, 'whole'),
    })
  const jobView = (job) => {
    const share = job.is_cancelled ? 0.4 : Math.min(1, (Date.now() - job.began) / 2_500)
    const is_over = job.is_cancelled || share === 1
    if (is_over && !job.file.last?.report.took_ms)
      job.file.last = {
        job_id: job.id,
        at: iso(Date.now()),
        report: reportOf(job.mapping, job.is_cancelled ? 40_000 : 100_000, job.is_cancelled ? 'cancelled' : 'whole'),
      }
    return {
      id: job.id,
      kind: 'file_import',
      title: job.file.name,
      state: job.is_cancelled ? 'cancelled' : is_over ? 'done' : 'running',
      is_stopping: false,
      done: Math.round(job.file.bytes * share),
      total: job.file.bytes,
      parameters: { file: job.file.id },
      result: null,
      problem: null,
      created_by: 'admin',
      created_at: iso(job.began),
      started_at: iso(job.began),
      ended_at: is_over ? iso(Date.now()) : null,
    }
  }
  const of = (kind, address, devices) => ({
    kind,
    address,
    devices: is_empty ? 0 : devices,
    online: is_empty ? 0 : Math.round(devices * 0.93),
    last_seen_at: is_empty ? null : iso(Date.now()),
    observations_today: is_empty ? 0 : devices * 9_321,
    observations: is_empty ? 0 : Math.round((Date.now() / 1000) * devices),
    refused: is_empty ? 0 : 3,
    quarantined: is_empty ? 0 : 17,
  })

  return (method, [kind, id, action, last], query, body, { problem }) => {
    if (kind === 'jobs' && !id) return { body: { items: jobs.map(jobView), total: jobs.length } }
    if (kind === 'jobs' && id) {
      const job = jobs.find((it) => String(it.id) === id)
      if (!job) return problem(404, 'not_found', '没有这个任务', '')
      if (action === 'cancel') job.is_cancelled = true
      return { body: jobView(job) }
    }
    if (kind !== 'intake') return null
    if (id === 'connections')
      return { body: { items: [of('camera', '0.0.0.0:8710', 118), of('terminal', '0.0.0.0:8720', 34)] } }
    if (id === 'mappings') return { status: 204 }
    if (id !== 'files') return null
    if (!action && method === 'GET') return { body: { items: files, upload_bytes_max: 2 ** 32 } }
    if (!action) return { body: add(query.get('name'), body.length || 1, null) }
    const file = files.find((it) => it.id === action)
    if (!file) return problem(404, 'not_found', '没有这个文件', '没有这个文件，或已超过保存期限，请重新上传。')
    if (!last && method === 'DELETE') {
      files.splice(files.indexOf(file), 1)
      return { status: 204 }
    }
    if (!last) return { body: file }
    if (last === 'preview') {
      const mapping = mappingOf(query)
      return {
        body: {
          format: 'csv',
          encoding: mapping.encoding,
          delimiter: mapping.delimiter,
          sheets: [],
          sheet: null,
          head: mapping.head_rows ? HEAD : [],
          rows: [HEAD, ...Array.from({ length: 30 }, (_, n) => row(n))],
          mapping,
          guessed: {
            checkpoint: 'head',
            captured_at: 'head',
            plate: 'content',
            plate_color: 'head',
            lane: 'head',
            speed_kmh: 'head',
          },
          saved: [],
        },
      }
    }
    if (last === 'check') return { body: reportOf(body.mapping, 100_000, 'part') }
    if (last === 'import') {
      file.last = null
      jobs.unshift({ id: 100 + jobs.length, began: Date.now(), file, mapping: body.mapping, is_cancelled: false })
      return { body: jobView(jobs[0]) }
    }
    return null
  }
}
