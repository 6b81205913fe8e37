// Pages and their addresses. Every page but the login asks for a session first.
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { onUnauthenticated } from '@/api/client'
import { stopLive } from '@/live/store'
import { home } from '@/home'
import { allWords } from '@/i18n'
import { recallSession } from '@/lib/lastSession'
import { loadSession, may, session } from '@/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** Shown without the shell. */
    is_bare?: boolean
    /** Opens without a network, for whoever was logged in last. */
    is_offline_ready?: boolean
    /** Comes with its words; all other pages wait for theirs. */
    is_first?: boolean
  }
}

/** The pages of the road are one chunk, which the phone keeps. */
const road = () => import('@/pages/road/all')

const routes: RouteRecordRaw[] = [
  {
    path: '/',
    name: 'command',
    component: () => import('@/pages/command/CommandPage.vue'),
    meta: { is_first: true },
  },
  { path: '/warnings', name: 'warnings', component: () => import('@/pages/warning/WarningsPage.vue') },
  { path: '/warnings/:id', name: 'warning', component: () => import('@/pages/warning/WarningPage.vue'), props: true },
  { path: '/tasks', name: 'tasks', component: () => import('@/pages/case/TasksPage.vue') },
  { path: '/cases/:id', name: 'case', component: () => import('@/pages/case/CasePage.vue'), props: true },
  { path: '/chains/:chain', name: 'chain', component: () => import('@/pages/case/ChainPage.vue'), props: true },
  {
    path: '/dispatches/:tab(list|interceptions)?',
    name: 'dispatches',
    component: () => import('@/pages/dispatch/DispatchesPage.vue'),
  },
  { path: '/statistics/clocks', name: 'clocks', component: () => import('@/pages/statistics/ClocksPage.vue') },
  { path: '/watch-orders/:tab(waiting|all)?', name: 'watch', component: () => import('@/pages/watch/WatchPage.vue') },
  {
    path: '/educations',
    name: 'educations',
    component: () => import('@/pages/education/EducationsPage.vue'),
  },
  {
    path: '/hazards/:tab(list|board|map|statistics)?',
    name: 'hazards',
    component: () => import('@/pages/hazard/HazardsPage.vue'),
  },
  { path: '/crashes', name: 'crashes', component: () => import('@/pages/crash/CrashesPage.vue') },
  { path: '/hazards/new', name: 'hazard-new', component: () => import('@/pages/hazard/HazardNewPage.vue') },
  {
    path: '/road',
    component: () => road().then((it) => it.RoadShell),
    meta: { is_bare: true, is_offline_ready: true },
    children: [
      { path: '', name: 'road', component: () => road().then((it) => it.OrdersPage) },
      { path: 'orders/:id', name: 'road-order', component: () => road().then((it) => it.OrderPage), props: true },
      {
        path: 'orders/:id/report',
        name: 'road-report',
        component: () => road().then((it) => it.ReportPage),
        props: true,
      },
      { path: 'tasks', name: 'road-tasks', component: () => road().then((it) => it.RoadTasksPage) },
      { path: 'hazards/new', name: 'road-hazard-new', component: () => road().then((it) => it.HazardQuickPage) },
      {
        path: 'hazards/:id',
        name: 'road-hazard',
        component: () => road().then((it) => it.HazardTaskPage),
        props: true,
      },
      { path: 'notices', name: 'road-notices', component: () => road().then((it) => it.NoticesPage) },
      { path: 'outbox', name: 'road-outbox', component: () => road().then((it) => it.OutboxPage) },
    ],
  },
  { path: '/vehicles', name: 'vehicles', component: () => import('@/pages/vehicle/VehiclesPage.vue') },
  {
    path: '/passages/:tab(search|flows|exports)?',
    name: 'passages',
    component: () => import('@/pages/passage/PassagesPage.vue'),
  },
  { path: '/trace', name: 'trace', component: () => import('@/pages/trace/TracePage.vue') },
  {
    path: '/devices/:tab(list|checkpoints|health|platforms|refused|quarantine)?',
    name: 'devices',
    component: () => import('@/pages/device/DevicesPage.vue'),
  },
  {
    path: '/intake/:tab(connections|files)?',
    name: 'intake',
    component: () => import('@/pages/intake/IntakePage.vue'),
  },
  {
    path: '/models/:tab(models|rules|zones|quiet|back-tests)?',
    name: 'models',
    component: () => import('@/pages/model/ModelsPage.vue'),
  },
  { path: '/models/:id', name: 'model', component: () => import('@/pages/model/ModelPage.vue'), props: true },
  {
    path: '/back-tests/:id',
    name: 'back-test',
    component: () => import('@/pages/back-test/BackTestPage.vue'),
    props: true,
  },
  { path: '/rules/:id', name: 'rule', component: () => import('@/pages/rule/RulePage.vue'), props: true },
  {
    path: '/system/:tab(health|storage|jobs|terms|channels|deliveries|units|users|rights|security|audit)?',
    name: 'system',
    component: () => import('@/pages/system/SystemPage.vue'),
  },
  { path: '/notices', name: 'notices', component: () => import('@/pages/notice/NoticesPage.vue') },
  { path: '/account', name: 'account', component: () => import('@/pages/people/AccountPage.vue') },
  { path: '/more', name: 'more', component: () => import('@/shell/MorePage.vue') },
  {
    path: '/login',
    name: 'login',
    component: () => import('@/pages/login/LoginPage.vue'),
    meta: { is_bare: true, is_first: true },
  },
  { path: '/:rest(.*)*', name: 'missing', component: () => import('@/shell/MissingPage.vue') },
]

export const router = createRouter({ history: createWebHistory(), routes })

/** A weak network must not keep somebody on the road before an empty page. */
const SESSION_MS_MAX = 4_000
const ask = (): Promise<unknown> =>
  Promise.race([
    loadSession(),
    new Promise((_, refuse) => setTimeout(() => refuse(new Error('no answer')), SESSION_MS_MAX)),
  ])

let has_asked = false
router.beforeEach(async (to) => {
  if (!has_asked) {
    // Without an answer the login page says so and offers to try again.
    if (to.meta.is_offline_ready) await ask().catch(() => (session.value ??= recallSession()))
    else await loadSession().catch(() => null)
    has_asked = true
  }
  const me = session.value
  const is_in = me !== null && !me.must_change_password && !me.must_set_up_totp
  if (to.name === 'login') return is_in ? { name: home() } : true
  if (!is_in) return { name: 'login', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
  if (to.name === 'command' && !may('see_warnings')) return { name: home() }
  if (!to.meta.is_first) await allWords()
  return true
})

onUnauthenticated(() => {
  const current = router.currentRoute.value
  if (!session.value || current.name === 'login') return
  stopLive()
  if (!session.value.must_change_password) session.value = null
  void router.push({ name: 'login', query: { to: current.fullPath } })
})
