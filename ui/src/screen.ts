// Desk or phone: one breakpoint for the whole page.
import { ref } from 'vue'

const query = matchMedia('(max-width: 767px)')
export const isPhone = ref(query.matches)
query.addEventListener('change', (event) => (isPhone.value = event.matches))
