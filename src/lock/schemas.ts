/** JSON Schemas of what goes over the wire; the OpenAPI document is made of them. */

function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

function list(items: object, description: string) {
  return { type: 'array', items, description }
}

const text = (description: string) => ({ type: 'string', description })
const whole = (description: string) => ({ type: 'integer', description })
const seconds = (description: string) => ({ type: 'number', description: `${description}, in seconds` })
const flag = (description: string) => ({ type: 'boolean', description })
const time = (description: string) => ({ type: 'string', format: 'date-time', description })
const pod = { type: ['string', 'null'], description: 'NAMESPACE/NAME; null where it is not known' }
const grant = { type: 'string', enum: ['floor', 'idle-core', 'overdue'], description: 'why it was granted' }
const cause = {
  type: 'string',
  enum: ['ready', 'gone', 'given-back', 'blind-hold', 'lease-end', 'unclaimed', 'crash-loop'],
  description: 'why the lease ended',
}

const until = {
  type: 'string',
  enum: ['ready', 'started', 'blind-hold', 'lease-end'],
  description: 'what ends the turn, unless its time is over before: that the pod is ready, has started and the blind hold begins, the end of that, or its time alone',
}
const containers = object(
  { ready: whole('how many are ready'), total: whole('how many there are'), lacks: text('what the first that is not ready lacks, for people') },
  ['lacks'],
)

/** An answer of one media type. */
function answer(description: string, type: string, schema: object) {
  return { description, content: { [type]: { schema } } }
}

/** A problem document as an answer. */
export function problemAnswer(description: string, schema: object = problem) {
  return answer(description, 'application/problem+json', schema)
}

/** Text as an answer. */
export function textAnswer(description: string, type = 'text/plain') {
  return answer(description, type, { type: 'string' })
}

/** JSON as an answer. */
export function jsonAnswer(description: string, schema: object) {
  return answer(description, 'application/json', schema)
}

/** What a client says of itself, in the query. */
export const askQuery = object(
  {
    uid: text("the pod's uid; without one the client is anonymous"),
    pod: text('NAMESPACE/NAME'),
    weight: whole('permits that it takes, 1 by default'),
    duration: whole('how long the lease may last, in seconds'),
    'max-wait': whole('for how long the client will still wait, in seconds'),
  },
  ['uid', 'pod', 'weight', 'duration', 'max-wait'],
)

/** The same in the headers that are read as well. */
export const askHeaders = {
  ...object(
    {
      prefer: text('wait=SECONDS: hold the request until it is granted or that time is over (RFC 7240)'),
      'usher-uid': text('as uid in the query, which beats it'),
      'usher-pod': text('as pod in the query, which beats it'),
      'usher-weight': text('as weight in the query, which beats it'),
    },
    ['prefer', 'usher-uid', 'usher-pod', 'usher-weight'],
  ),
  additionalProperties: true,
}

/** The body of `POST /v1/leases`. */
export const leaseRequest = object(
  {
    uid: text("the pod's uid"),
    pod: text('NAMESPACE/NAME'),
    weight: whole('permits that it takes, 1 by default'),
    duration: whole('how long the lease may last, in seconds'),
    maxWait: whole('for how long the client will still wait, in seconds'),
  },
  ['pod', 'weight', 'duration', 'maxWait'],
)

/** A lease or a place in the queue, as its own pod sees it. */
export const leaseView = object(
  {
    state: { type: 'string', enum: ['holding', 'waiting', 'gated'], description: 'gated: it waits for what it depends on, and not yet for the lock' },
    pod,
    grant,
    heldSeconds: seconds('since the grant'),
    leftSeconds: seconds('until the lease ends by itself'),
    waitedSeconds: seconds('in the queue'),
    position: whole('in the queue, from 1'),
  },
  ['grant', 'heldSeconds', 'leftSeconds', 'position'],
)

const problemMembers = {
  type: { type: 'string', format: 'uri', description: 'names the problem, and leads to its documentation' },
  title: text('the problem'),
  status: whole('the HTTP status'),
  detail: text('what is wrong here, for people'),
}

/** A problem document (RFC 9457). */
export const problem = object(problemMembers)

const gate = object({
  name: text('the gate'),
  reason: text('why it is closed'),
  closedSeconds: seconds('since when'),
})

const dependencies = list(
  object({
    target: text('as in the annotation: service/shop/redis'),
    state: { type: 'string', enum: ['healthy', 'waiting', 'timed-out', 'not-judged'], description: 'not-judged: it cannot be found out, and nobody waits for it' },
    reason: text('what was found'),
    leftSeconds: seconds('until it is waited for no more'),
    onTimeout: { type: 'string', enum: ['proceed', 'fail'], description: 'what happens then' },
  }),
  'what the pod depends on',
)

/** The problem document of a 423. */
export const locked = object(
  {
    ...problemMembers,
    position: whole('in the queue, from 1'),
    ahead: whole('how many are served before'),
    reason: { type: 'string', enum: ['gate-closed', 'permits-taken', 'dependencies'] },
    holders: list(object({ pod, heldSeconds: seconds('since the grant') }, ['pod']), "who starts; names within the asker's own namespace only"),
    gates: list(gate, 'what holds everybody up'),
    dependencies,
  },
  ['dependencies'],
)

/** The problem document of a 424. */
export const dependencyFailed = object({ ...problemMembers, dependencies })

/** The answers to whoever asks for the lock. */
export const askAnswers = {
  200: textAnswer('Lock acquired'),
  423: {
    description: 'Not yet',
    content: { 'text/plain': { schema: { type: 'string', const: 'Locked' } }, 'application/problem+json': { schema: locked } },
  },
  424: problemAnswer('What the pod depends on was not healthy in time, and its init container is to fail', dependencyFailed),
  400: problemAnswer('The request cannot be understood'),
  403: problemAnswer('Nobody is served under this uid from there'),
  503: problemAnswer('Too many wait already'),
}

/** `GET /v1/state` */
export const state = object(
  {
    now: time('when this was so'),
    startedAt: time('when the service started'),
    permits: object({ floor: whole('permits'), used: whole('permits taken'), strict: flag('no further grants on an idle node') }),
    holders: list(
      object(
        {
          pod,
          identified: flag('whether it has named its uid'),
          grant,
          waitedSeconds: seconds('in the queue'),
          heldSeconds: seconds('since the grant'),
          leftSeconds: seconds('until the lease ends by itself'),
          until,
          containers,
        },
        ['containers'],
      ),
      'who starts',
    ),
    waiters: list(
      object(
        {
          pod,
          identified: flag('whether it has named its uid'),
          position: whole('from 1'),
          waitedSeconds: seconds('in the queue'),
          priority: whole("the pod's"),
          weight: whole('permits that it takes'),
          connected: flag('whether a request of it is held now'),
          leftSeconds: seconds('until it gives up'),
        },
        ['leftSeconds'],
      ),
      'who waits, in the order of service',
    ),
    gated: list(
      object(
        {
          pod: text('NAMESPACE/NAME'),
          waitedSeconds: seconds('since it asked first'),
          connected: flag('whether a request of it is held now'),
          dependencies,
          cycle: list(text('KIND/NAMESPACE/NAME'), 'the way from what it waits for back to it'),
        },
        ['cycle'],
      ),
      'who waits for what it depends on, and not yet for the lock',
    ),
    gates: list(
      object({
        name: text('the gate'),
        open: flag('whether it was found open'),
        overdue: flag('whether it has been closed for so long that it counts as open'),
        reason: text('what was found'),
        seconds: seconds('since when'),
      }),
      'what may hold everybody up',
    ),
    pods: object(
      {
        state: {
          type: 'string',
          enum: ['none', 'starting', 'connected', 'lost'],
          description: "whether the node's pods are known: there is no Kubernetes, not yet, yes, or as of when the API server was last heard",
        },
        known: whole('how many are known'),
        staleSeconds: seconds('since the API server was last heard'),
      },
      ['staleSeconds'],
    ),
    load: object({ idleCores: { type: 'number' }, pressure: { type: 'number', description: 'percent' } }, ['pressure']),
    starts: list(
      object({ pod, grant, arrivedAt: time('in the queue'), grantedAt: time('the lease'), endedAt: time('the lease'), cause }, ['endedAt', 'cause']),
      'of the last hour, the oldest first',
    ),
    workloads: list(
      object({
        workload: text("NAMESPACE/KIND/NAME of the pods' controller"),
        reserve: { type: 'number', description: 'what a start takes of an idle core, as long as its load cannot show' },
        starts: whole('how many starts that is known by'),
        seconds: seconds('since the last of them'),
      }),
      'what is known of the starts of workloads, the newest first; not there where nothing is learned',
    ),
  },
  ['load', 'workloads'],
)
