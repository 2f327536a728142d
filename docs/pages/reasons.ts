import { problemTable } from '../../src/http/problem.ts'
import { reasonTable } from '../../src/inject/reasons.ts'
import { jobProblemTable } from '../../src/job/problems.ts'
import { type EventReason, eventReasons } from '../../src/lock/pod-events/reasons.ts'
import { codeOf, plain, tableOf } from './markdown.ts'

/** The table of reasons, in Markdown. */
export function reasonReference(): readonly string[] {
  return [
    'Everything that usher does or leaves has one of these codes: in the log, in the metric `usher_webhook_outcomes_total`, in',
    'the audit annotations `reasons` and, of a later review of the same pod, `reasons-again`, and on the command line.',
    '',
    ...tableOf(['code', 'meaning'], Object.entries(reasonTable).map(([code, sentence]) => [codeOf(code), plain(sentence)])),
  ]
}

const eventMeanings: Readonly<Record<EventReason, string>> = {
  StartedWithoutLock: 'The pod starts without its turn: its last words say why.',
  StartupLockExpired: 'Its turn was taken back before it was ready.',
  DependencyTimedOut: 'What it depends on was not healthy in its time: it goes on without, or its init container fails.',
  DependencyNotJudged: 'Whether what it depends on is healthy cannot be found out: it goes on without.',
  WaitingForDependency: 'It has waited for five seconds for what it depends on, and once more each minute.',
  StartupLockWaiting: 'It has waited for five seconds, and once more each minute.',
  StartupLockGranted: 'After such a wait it has its turn.',
  StartupLockReleased: 'The turn of such a pod has ended.',
}

/** The Events that usher makes, in Markdown. */
export function eventReference(): readonly string[] {
  const ofPods = Object.entries(eventReasons).map(([reason, { type }]) => [codeOf(reason), type, 'Pod', eventMeanings[reason as EventReason]])
  return [
    'In `kubectl describe` and `kubectl events`; [more of those of pods](lock.md#events).',
    '',
    ...tableOf(['reason', 'type', 'of', 'meaning'], [
      ...ofPods,
      ['`LockLeftOut`', 'Warning', 'DaemonSet `usher-lock`', 'The [breaker](webhook.md#the-breaker) leaves the lock out of new pods.'],
      ['`LockInjectedAgain`', 'Normal', 'DaemonSet `usher-lock`', 'It does so no longer.'],
    ]),
  ]
}

/** The problem documents, in Markdown: a page of its own, because their `type` says where it is. */
export function errorPage(): string {
  return [
    '<!-- Generated from src/http/problem.ts and src/job/problems.ts by `npm run docs`. -->',
    '# Errors',
    '',
    'A request that cannot be answered gets a problem document (RFC 9457, `application/problem+json`). Its `type` ends',
    'in one of these codes, its `detail` says what exactly is wrong.',
    '',
    ...Object.entries(problemTable).flatMap(([problem, { status, title }]) => [`## ${problem}`, '', `${title}. Status ${status}.`, '']),
    '# Of jobs and other workloads',
    '',
    '`usher plan` and `usher job` print such a document where something is rejected, and end with 4; nothing was created.',
    '',
    ...Object.entries(jobProblemTable).flatMap(([problem, { title, remedy }]) => [`## ${problem}`, '', `${title}. ${remedy}`, '']),
  ].join('\n')
}
