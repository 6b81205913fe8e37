// Start of the page.
import '@/styles'
import { createApp } from 'vue'
import App from './App.vue'
import { ready } from './i18n'
import { router } from './router'

void ready.then(() => createApp(App).use(router).mount('#app'))
