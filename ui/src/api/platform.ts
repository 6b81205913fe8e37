// Wire types of other platforms: links, subscriptions, dispositions, tollgates.
import type { components } from './schema'
import type { Told } from './types'

type Schemas = components['schemas']

export const RELATIONS = ['superior', 'neighbour', 'subordinate'] as const
export type Relation = (typeof RELATIONS)[number]
export const SCOPES = ['none', 'checkpoints', 'all'] as const
export type PlatformScope = (typeof SCOPES)[number]
export type LinkPhase = 'unused' | 'connecting' | 'online'
export type Direction = 'in' | 'out'
export type ExchangeState = 'review' | 'wanted' | 'in_force' | 'ending' | 'ended' | 'refused'

export type PlatformLink = Told<'LinkView', { phase: LinkPhase }>
export type Platform = Told<'PlatformView', { relation: Relation; scope: PlatformScope; link: PlatformLink }>
export type PlatformInput = Partial<Schemas['PlatformInput']>
export type Probe = Told<'ProbeView'>
export type ProbeInput = Partial<Schemas['ProbeInput']>
export type Subscription = Told<'SubscriptionView', { direction: Direction; state: ExchangeState }>
export type SubscriptionInput = Partial<Schemas['SubscriptionInput']>
export type Tollgate = Told<'TollgateView', { state: 'waiting' | 'admitted' }>
export type TollgateInput = Partial<Schemas['AdmitTollgateInput']>
export type Disposition = Told<
  'DispositionView',
  { direction: Direction; state: ExchangeState; platform_relation: Relation }
>
