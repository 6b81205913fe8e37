// All pages of the road in one chunk: the phone keeps it, so that none of them needs the network to open.
export { default as HazardQuickPage } from './HazardQuickPage.vue'
export { default as HazardTaskPage } from './HazardTaskPage.vue'
export { default as OrderPage } from './OrderPage.vue'
export { default as OrdersPage } from './OrdersPage.vue'
export { default as OutboxPage } from './OutboxPage.vue'
export { default as ReportPage } from './ReportPage.vue'
export { default as RoadShell } from './RoadShell.vue'
export { default as RoadTasksPage } from './RoadTasksPage.vue'
