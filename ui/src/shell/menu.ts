// The menu, in the order of the loop; what keeps it running stands after the line.
import {
  Bell,
  Coin,
  Cpu,
  DataLine,
  Download,
  Finished,
  Guide,
  MapLocation,
  Monitor,
  Reading,
  Tickets,
  Van,
  View,
  WarnTriangleFilled,
} from '@element-plus/icons-vue'
import type { Component } from 'vue'
import type { Permission } from '@/api/types'
import type { Key } from '@/i18n'
import { may } from '@/session'

export interface MenuItem {
  route: string
  label: Key
  icon: Component
  /** Who sees it: whoever may do one of these; everybody when it names none. */
  needs?: readonly Permission[]
  /** After the line: what keeps the loop running. */
  is_upkeep?: boolean
}

const ALL: readonly MenuItem[] = [
  { route: 'command', label: 'menu.command', icon: MapLocation, needs: ['see_warnings'] },
  { route: 'tasks', label: 'menu.tasks', icon: Finished },
  { route: 'warnings', label: 'menu.warnings', icon: Bell, needs: ['see_warnings'] },
  { route: 'dispatches', label: 'menu.dispatches', icon: Guide, needs: ['dispatch', 'intercept'] },
  {
    route: 'watch',
    label: 'menu.watch',
    icon: View,
    needs: ['see_warnings', 'apply_watch', 'review_watch', 'approve_watch'],
  },
  { route: 'educations', label: 'menu.educations', icon: Reading, needs: ['educate', 'see_hazards'] },
  { route: 'hazards', label: 'menu.hazards', icon: WarnTriangleFilled, needs: ['see_hazards', 'report_hazards'] },
  { route: 'crashes', label: 'menu.crashes', icon: Tickets, needs: ['see_hazards', 'see_statistics'] },
  { route: 'vehicles', label: 'menu.vehicles', icon: Van, needs: ['look_up', 'keep_register'] },
  { route: 'passages', label: 'menu.passages', icon: DataLine, needs: ['look_up'] },
  { route: 'devices', label: 'menu.devices', icon: Cpu, needs: ['see_operation'], is_upkeep: true },
  {
    route: 'intake',
    label: 'menu.intake',
    icon: Download,
    needs: ['see_operation', 'keep_register', 'manage_devices'],
    is_upkeep: true,
  },
  {
    route: 'models',
    label: 'menu.models',
    icon: Coin,
    needs: ['see_warnings', 'see_operation', 'see_statistics', 'tune_models', 'approve_rules'],
    is_upkeep: true,
  },
  { route: 'system', label: 'menu.system', icon: Monitor, is_upkeep: true },
]
/** What the person logged in may open. */
export const menu = (): MenuItem[] => ALL.filter((item) => !item.needs || may(...item.needs))
/** What a page needs to be opened, by its route. */
export const needsOf = (route: string): readonly Permission[] => ALL.find((item) => item.route === route)?.needs ?? []
/** What stands at the bottom of the phone; the rest is behind “more”. */
export const PHONE_ITEMS = 4
