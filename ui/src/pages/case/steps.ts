// The steps that have a clock, in the order of the loop.
export const STEPS = [
  'sign_warning',
  'work_warning',
  'review_watch',
  'approve_watch',
  'approve_urgent_watch',
  'sign_dispatch',
  'report_dispatch',
  'confirm_report',
  'dispose',
  'verify_hazard',
  'issue_notice',
  'take_rectification',
  'rectify',
  'accept_hazard',
  'strike_hazard',
] as const
