// Colours of the map, for the light office and the dark duty room.
import type { RoadClass } from '@/api/types'
import type { Theme } from '@/theme'

export interface Palette {
  outside: string
  ground: string
  boundary: string
  casing: string
  roads: Record<RoadClass, string>
  label: string
  label_soft: string
  halo: string
  water: string
  green: string
  building: string
  accent: string
  online: string
  silent: string
  offline: string
  high: string
  medium: string
  low: string
  vehicle: string
  vehicle_offline: string
}

export const PALETTES: Record<Theme, Palette> = {
  light: {
    outside: '#e3e6ea',
    ground: '#f6f4ee',
    boundary: '#8a7f9e',
    casing: '#b9bcc2',
    roads: {
      expressway: '#f0a04b',
      national: '#f7cf7e',
      provincial: '#fae3a8',
      county: '#ffffff',
      township: '#ffffff',
      village: '#ffffff',
      street: '#ffffff',
    },
    label: '#2c3542',
    label_soft: '#66707e',
    halo: '#f6f4ee',
    water: '#bcd7ea',
    green: '#dde9d3',
    building: '#e6e2da',
    accent: '#1d5fd1',
    online: '#0b7a55',
    silent: '#9a5b00',
    offline: '#c2291a',
    high: '#c2291a',
    medium: '#b36a00',
    low: '#3d5a80',
    vehicle: '#5b3fb0',
    vehicle_offline: '#8a8f99',
  },
  dark: {
    outside: '#0a0e14',
    ground: '#151c25',
    boundary: '#7d6ca6',
    casing: '#0a0e14',
    roads: {
      expressway: '#b9782f',
      national: '#8d7440',
      provincial: '#6d6041',
      county: '#4a5564',
      township: '#3b4553',
      village: '#2d3642',
      street: '#333d4a',
    },
    label: '#dfe6f0',
    label_soft: '#8e9bad',
    halo: '#10161e',
    water: '#1d3347',
    green: '#182821',
    building: '#1d2530',
    accent: '#6aa5ff',
    online: '#4fcf9f',
    silent: '#f0b04a',
    offline: '#ff7b6b',
    high: '#ff7b6b',
    medium: '#f0b04a',
    low: '#9dbbe0',
    vehicle: '#b79bff',
    vehicle_offline: '#6d7683',
  },
}
