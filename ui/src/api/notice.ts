// What people are told (消息), by which channels others are told besides (通知渠道), what became of it (投递), browsers that are pushed to;
// and how long steps may take (时限).
import { get, post, put, remove, type Query } from './client'
import type { CaseKind } from './case'
import type { Level, List, Told } from './types'

const V1 = '/api/v1'
const part = encodeURIComponent

/** Kinds of notices, in the order in which they matter. */
export const NOTICE_WORDS = [
  'to_do',
  'half_time',
  'nearly_late',
  'late',
  'given_back',
  'withdrawn',
  'finished',
  'sighted',
] as const
export type NoticeWord = (typeof NOTICE_WORDS)[number]
export type Notice = Told<'NoticeView', { word: NoticeWord; kind: CaseKind | 'warning'; level: Level }>
export type Preferences = Told<'Preferences', { muted: NoticeWord[]; no_sms: NoticeWord[]; no_push: NoticeWord[] }>

export const CHANNEL_KINDS = ['webhook', 'wecom', 'dingtalk', 'sms'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]
export type Channel = Told<
  'Channel',
  { kind: ChannelKind; words: NoticeWord[]; level_min: Level; secret: string; body: string }
>
/** Shown in place of a secret; sent back, the secret stays. */
export const MASK = '***'
/** The channel that deliveries to browsers name. */
export const PUSH_CHANNEL = 'push'
export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]
export type Delivery = Told<'DeliveryView', { state: DeliveryState }>

export type Pushes = Told<'PushesView'>
export type PushDevice = Told<'PushView'>

export type Measure = 'elapsed' | 'working'
export type Term = Told<
  'StepTermView',
  { level: Level | null; unit: number | null; minutes: number | null; measure: Measure }
>
export type TermsFile = Told<'TermsView', { terms: Term[] }>
export type TermsChange = TermsFile['changes'][number]
export type TermsInput = Told<'TermsInput', { terms: Term[] }>

export const notices = {
  list: (query: Query, signal?: AbortSignal) => get<List<Notice>>(`${V1}/notices`, query, signal),
  read: (which: { ids: number[] } | { all: true }) => post<undefined>(`${V1}/notices/read`, which),
  preferences: () => get<Preferences>(`${V1}/session/notices`),
  putPreferences: (wanted: Preferences) => put<undefined>(`${V1}/session/notices`, wanted),

  pushes: () => get<Pushes>(`${V1}/session/pushes`),
  addPush: (subscription: { endpoint: string; keys: { p256dh: string; auth: string }; device: string }) =>
    post<PushDevice>(`${V1}/session/pushes`, subscription),
  removePush: (id: number) => remove(`${V1}/session/pushes/${id}`),

  channels: () => get<Channel[]>(`${V1}/channels`),
  putChannels: (channels: readonly Channel[]) => put<undefined>(`${V1}/channels`, channels),
  testChannel: (id: string) => post<Delivery>(`${V1}/channels/${part(id)}/test`),
  deliveries: (query: Query, signal?: AbortSignal) => get<List<Delivery>>(`${V1}/deliveries`, query, signal),
  delivery: (id: number) => get<Delivery>(`${V1}/deliveries/${id}`),
  retry: (id: number) => post<undefined>(`${V1}/deliveries/${id}/retry`),

  terms: () => get<TermsFile>(`${V1}/terms`),
  putTerms: (terms: TermsInput) => put<undefined>(`${V1}/terms`, terms),
}
