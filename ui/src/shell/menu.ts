// The menu, in the order of the loop; what keeps it running stands after the line.
import { Bell, Coin, Cpu, DataLine, Download, Monitor, MapLocation, Van, View } from '@element-plus/icons-vue'
import type { Component } from 'vue'
import type { Key } from '@/i18n'

export interface MenuItem {
  route: string
  label: Key
  icon: Component
  /** After the line: what keeps the loop running. */
  is_upkeep?: boolean
}

export const MENU: readonly MenuItem[] = [
  { route: 'command', label: 'menu.command', icon: MapLocation },
  { route: 'warnings', label: 'menu.warnings', icon: Bell },
  { route: 'watch', label: 'menu.watch', icon: View },
  { route: 'vehicles', label: 'menu.vehicles', icon: Van },
  { route: 'passages', label: 'menu.passages', icon: DataLine },
  { route: 'devices', label: 'menu.devices', icon: Cpu, is_upkeep: true },
  { route: 'intake', label: 'menu.intake', icon: Download, is_upkeep: true },
  { route: 'models', label: 'menu.models', icon: Coin, is_upkeep: true },
  { route: 'system', label: 'menu.system', icon: Monitor, is_upkeep: true },
]
/** What stands at the bottom of the phone; the rest is behind “more”. */
export const PHONE_ITEMS = 4
