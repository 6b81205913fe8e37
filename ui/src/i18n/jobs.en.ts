// Words of long work: imports, exports, back-tests.
import type { jobs as chinese } from './jobs.zh'

export const jobs: Record<keyof typeof chinese, string> = {
  'job.title': 'Jobs',
  'job.empty': 'No jobs yet',
  'job.empty_why':
    'Imports, exports, back-tests and other long work show their progress here and can be cancelled. Files are kept for 7 days.',
  'job.kind': 'Kind',
  'job.about': 'About',
  'job.state': 'State',
  'job.progress': 'Progress',
  'job.by': 'Started by',
  'job.at': 'Started at',
  'job.took': 'Took',
  'job.cancel': 'Cancel the job',
  'job.cancel_sure': 'Cancel “{title}”? What is done already stays or is undone as its kind says.',
  'job.stopping': 'Cancelling…',
  'job.of': '{done} / {total}',
  'job.done_units': '{done} done',
  'job.file': 'Download {name}',
  'job.others': 'Only who started the job can download its files.',
  'job_state.waiting': 'Waiting',
  'job_state.running': 'Running',
  'job_state.done': 'Done',
  'job_state.failed': 'Failed',
  'job_state.cancelled': 'Cancelled',
  'job_state.interrupted': 'Interrupted',
  'job.interrupted': 'The server was stopped before the job was over. Start it again.',
  'job_kind.audit_verify': 'Verify the audit',
  'audit.verify': 'Verify the audit',
  'audit.verify_intact': '{rows} rows are as they were written. Last hash {hash}',
  'audit.verify_broken':
    'Row {id} does not fit: it was changed, or a row before it was removed or put in. Secure the data and report it.',
}
