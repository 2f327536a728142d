/** A key of a job file: what is known of it for reading it, for messages, and for its reference in docs/jobs.md. */
export interface Key {
  /** In words. */
  readonly type: string
  readonly default?: string
  /** Other names of it; where they are elsewhere, by their path. */
  readonly synonyms?: readonly string[]
  readonly meaning: string
  /** Compose has a key of this name in this place. */
  readonly isCompose?: true
}

/** Every key that a job file may have, by the place where it may stand. */
export const keys = {
  job: {
    name: { type: 'DNS label of at most 58 characters', meaning: 'Required. Its name in DNS, unique in the cluster.', isCompose: true },
    numInstances: { type: 'whole number from 0', default: '1', synonyms: ['deploy.replicas', 'containers.*.deploy.replicas', 'containers.*.scale'], meaning: 'How many instances of it run.' },
    containers: { type: 'map of containers', synonyms: ['services'], meaning: 'Required. They run together, in one pod, and reach each other at `localhost` and by their names.' },
    depends_on: { type: 'list, or map', meaning: 'What must be healthy before an instance starts: `job/NAME`, `service/NAME`, `deployment/NAME` and so on, with a namespace between the two where it is another one.' },
    volumes: { type: 'map', meaning: 'Volumes that several containers share by their names.', isCompose: true },
    secrets: { type: 'map', meaning: 'Secrets: those of the cluster, and those that the job brings along.', isCompose: true },
    configs: { type: 'map', meaning: 'The same of files that are no secrets.', isCompose: true },
    deploy: { type: 'map', meaning: 'As Compose writes `numInstances` and `update`.' },
    expose: { type: 'map', meaning: 'HTTP from outside the cluster, by the name of the host, to the first port; `{}` takes the defaults.' },
    update: { type: 'map', meaning: 'How a new version takes over.' },
    reallocate_after: { type: 'duration', default: '30s', meaning: 'How long an instance stays with a node that is lost, before it is started elsewhere.' },
    startup_lock: { type: 'map', meaning: "Whether its instances wait for their turn at the node's lock." },
    nap: { type: 'duration, or `disabled`', default: "the namespace's, or 10s", meaning: 'How long containers go on serving after an instance has left DNS.' },
    vault: { type: 'map', meaning: 'Secrets by the Vault Agent injector.' },
    sidecar: { type: '`envoy`', default: 'none', meaning: 'An Envoy proxy before the first port: load balancing, retries.' },
  },
  container: {
    image: { type: 'text', meaning: 'Required.', isCompose: true },
    restart: { type: '`always`, `unless-stopped`, `on-failure[:TRIES]`, `no`, `never`', default: '`always`', synonyms: ['deploy.restart_policy'], meaning: 'Whether it is started again when it has ended. `unless-stopped` is `always`: what is stopped is the job.', isCompose: true },
    entrypoint: { type: 'list of words, or text', default: "the image's", meaning: 'The program.', isCompose: true },
    command: { type: 'list of words, or text', default: "the image's", meaning: 'Its arguments. A text is split into words; no shell reads it.', isCompose: true },
    working_dir: { type: 'absolute path', default: "the image's", meaning: 'Where it starts.', isCompose: true },
    user: { type: '`UID` or `UID:GID`', default: "the image's", meaning: 'In numbers: the names are in the image, which Kubernetes does not look into.', isCompose: true },
    environment: { type: 'list of `{name, value}` or `K=V`, or map', meaning: 'Its variables. `K` alone is taken from the environment of who reads the file.', isCompose: true },
    env_file: { type: 'text, or list', meaning: 'Files with `K=V` lines, relative to this one. What `environment` says counts.', isCompose: true },
    ports: { type: 'list', meaning: "What the job's Service offers: `80:3000` is 80 of the job, and 3000 of the container.", isCompose: true },
    depends_on: { type: 'list, or map', meaning: 'Containers of the job that come first; and what else must be healthy, as `depends_on` of the job.', isCompose: true },
    memory: { type: 'amount', default: 'unlimited, with a warning', synonyms: ['mem_limit', 'mem_reservation', 'deploy.resources.limits.memory', 'deploy.resources.reservations.memory'], meaning: 'Request and limit in one.' },
    cpus: { type: 'number', default: 'unlimited', synonyms: ['deploy.resources.limits.cpus', 'deploy.resources.reservations.cpus'], meaning: 'Of cores.', isCompose: true },
    healthcheck: { type: 'map', meaning: 'Without one a container is healthy when it runs.', isCompose: true },
    volumes: { type: 'list', meaning: 'Space on disk.', isCompose: true },
    secrets: { type: 'list', meaning: 'Those of the top that it sees as files, in `/run/secrets`.', isCompose: true },
    configs: { type: 'list', meaning: 'The same of configs, in `/`.', isCompose: true },
    stop_grace_period: { type: 'duration', default: '10s', meaning: 'How long it may take to end, before it is killed.', isCompose: true },
    deploy: { type: 'map', meaning: 'As Compose writes `memory`, `cpus`, `restart`, and what is of the job.', isCompose: true },
    scale: { type: 'whole number from 0', meaning: 'See `numInstances`.', isCompose: true },
  },
  healthcheck: {
    type: { type: '`http`, `tcp`, `command`', meaning: 'What is checked; with `test` it is `command`.' },
    port: { type: 'port', default: "the container's only one", meaning: 'Of `http` and `tcp`.' },
    path: { type: 'text', default: '`/`', meaning: 'Of `http`.' },
    expect: { type: '`200`, `2xx-3xx`', default: '`200`', meaning: 'Of `http`: which answers are healthy.' },
    command: { type: 'list of words, or text', meaning: 'Of `command`: healthy where it ends with 0. A text is split into words; no shell reads it.' },
    test: { type: '`["CMD", …]`, `["CMD-SHELL", TEXT]`, text, `NONE`', meaning: 'As Compose writes a command; a text is read by `/bin/sh` of the container.', isCompose: true },
    timeout: { type: 'duration', default: '30s', meaning: 'How long a check may take.', isCompose: true },
    interval: { type: 'duration', default: '60s, with `test` 30s', meaning: 'Between checks.', isCompose: true },
    healthy_threshold: { type: 'whole number from 1', default: '2, with `test` 1', meaning: 'So many in a row, and it is healthy.' },
    unhealthy_threshold: { type: 'whole number from 1', default: '2, with `test` 3', synonyms: ['retries'], meaning: 'So many failures in a row, and it is not: it leaves DNS, and is started again.' },
    start_period: { type: 'duration', default: '0s', meaning: 'For so long after its start failures do not count.', isCompose: true },
    start_interval: { type: 'duration', default: '5s', meaning: 'Between checks until it has been healthy for the first time.', isCompose: true },
    disable: { type: '`true`, `false`', default: '`false`', meaning: 'No check, whatever else stands there.', isCompose: true },
  },
  port: {
    target: { type: 'port', meaning: 'Required. Of the container.', isCompose: true },
    published: { type: 'port', default: '`target`', meaning: "Of the job's Service.", isCompose: true },
    protocol: { type: '`tcp`, `udp`, `sctp`', default: '`tcp`', meaning: '', isCompose: true },
    host_port: { type: '`true`, `false`', default: '`false`', meaning: 'The port of the node, too: one instance a node at the most.' },
    mode: { type: '`ingress`, `host`', default: '`ingress`', meaning: '`host` is `host_port: true`.', isCompose: true },
  },
  variable: {
    name: { type: 'text', meaning: 'Required, but for all keys of a Secret.' },
    value: { type: 'text', meaning: 'As it is written: `1.0` is `1.0`.' },
    secret: { type: 'name', meaning: 'In place of a value: one of `secrets` of the top, or a Secret of the namespace. Without a name: all its keys are variables.' },
    key: { type: 'text', default: "`name`, or the top's", meaning: 'Of that Secret.' },
  },
  secretVariable: {
    secret: { type: 'name', meaning: 'One of `secrets` of the top, or a Secret of the namespace.' },
    key: { type: 'text', default: "the name of the variable, or the top's", meaning: 'Of that Secret.' },
  },
  envFile: {
    path: { type: 'text', meaning: 'Required.', isCompose: true },
    required: { type: '`true`, `false`', default: '`true`', meaning: 'Whether it is an error that it is not there.', isCompose: true },
  },
  dependency: {
    condition: { type: '`healthy`, `started`, `completed`', default: '`healthy` where it has a healthcheck, else `started`', meaning: 'Also as `service_healthy`, `service_started`, `service_completed_successfully`. Of other workloads: `healthy` alone.', isCompose: true },
    timeout: { type: 'duration', default: '10m', meaning: 'Of other workloads: how long it is waited for, 24h at the most.' },
    on_timeout: { type: '`fail`, `proceed`', default: '`proceed`', meaning: 'Of other workloads: what then happens. `proceed`: the instance starts; `fail`: its init container fails, and waits anew.' },
  },
  volume: {
    type: { type: '`shared`, `local`', meaning: 'Required, but for volumes that the top declares. `shared`: one for all instances. `local`: of one instance, and gone with it.', isCompose: true },
    path: { type: 'absolute path', synonyms: ['target'], meaning: 'Required. Where the container sees it.' },
    space: { type: 'amount', meaning: 'Required, but for volumes that the top declares.' },
    name: { type: 'DNS label', default: 'made of container and path', synonyms: ['source'], meaning: 'Containers that name the same volume share it.' },
    enforce: { type: '`true`, `false`', default: '`false`', meaning: 'Of `local`: writes fail when it is full, instead of an eviction.' },
    read_only: { type: '`true`, `false`', default: '`false`', meaning: '', isCompose: true },
    storage_class: { type: 'name', default: "the cluster's", meaning: 'Of `shared`.' },
    one_node: { type: '`true`, `false`', default: '`false`', meaning: 'Of `shared`: all instances on one node, where no class of volumes can be shared by several.' },
  },
  namedVolume: {
    type: { type: '`shared`, `local`', meaning: 'Required.' },
    space: { type: 'amount', meaning: 'Required.' },
    enforce: { type: '`true`, `false`', default: '`false`', meaning: 'As above.' },
    storage_class: { type: 'name', default: "the cluster's", meaning: 'As above.' },
    one_node: { type: '`true`, `false`', default: '`false`', meaning: 'As above.' },
  },
  file: {
    external: { type: '`true`, `false`', default: '`false`', meaning: 'It is in the namespace already.', isCompose: true },
    name: { type: 'name', default: 'the key', meaning: 'Of the one in the namespace.', isCompose: true },
    key: { type: 'text', default: 'the key', meaning: 'Which of its entries is the file.' },
    file: { type: 'text', meaning: 'The job brings it along: the content of this file, relative to the job file.', isCompose: true },
    content: { type: 'text', meaning: 'The job brings it along: this content.', isCompose: true },
    environment: { type: 'text', meaning: 'The job brings it along: the value of this variable.', isCompose: true },
  },
  fileUse: {
    source: { type: 'text', meaning: 'Required. A key of `secrets` or `configs` of the top.', isCompose: true },
    target: { type: 'path', default: '`/run/secrets/SOURCE`, or `/SOURCE`', meaning: 'Where the container sees it.', isCompose: true },
  },
  deploy: {
    mode: { type: '`replicated`, `global`', default: '`replicated`', meaning: '`global`: one instance on each node.', isCompose: true },
    replicas: { type: 'whole number from 0', meaning: 'See `numInstances`.', isCompose: true },
    resources: { type: 'map', meaning: '`limits` and `reservations`, of a container: see `memory` and `cpus`.', isCompose: true },
    restart_policy: { type: 'map', meaning: '`condition` (`any`, `on-failure`, `none`) and `max_attempts`, of a container: see `restart`.', isCompose: true },
    update_config: { type: 'map', meaning: '`order` and `failure_action` (`rollback`, `pause`): see `update`.', isCompose: true },
  },
  resources: {
    limits: { type: 'map', meaning: 'See `memory` and `cpus`.', isCompose: true },
    reservations: { type: 'map', meaning: 'The same: request and limit are one.', isCompose: true },
  },
  amounts: {
    memory: { type: 'amount', meaning: 'See `memory`.', isCompose: true },
    cpus: { type: 'number', meaning: 'See `cpus`.', isCompose: true },
  },
  restartPolicy: {
    condition: { type: '`any`, `on-failure`, `none`', default: '`any`', meaning: 'See `restart`.', isCompose: true },
    max_attempts: { type: 'whole number from 0', default: 'unlimited', meaning: 'Of `on-failure`.', isCompose: true },
  },
  updateConfig: {
    order: { type: '`start-first`, `stop-first`', meaning: 'See `update`.', isCompose: true },
    failure_action: { type: '`rollback`, `pause`', meaning: '`rollback: true`, or `false`.', isCompose: true },
  },
  update: {
    order: { type: '`start-first`, `stop-first`', default: '`start-first`', synonyms: ['deploy.update_config.order'], meaning: '`start-first`: one by one, a new instance is healthy before an old one ends. `stop-first`: all old ones end before new ones start.' },
    rollback: { type: '`true`, `false`', default: '`true`', synonyms: ['deploy.update_config.failure_action'], meaning: 'Whether `usher job run` goes back to the version before when the new one does not become healthy.' },
  },
  expose: {
    host: { type: 'host name', default: 'the name of the job', meaning: '' },
    tls: { type: 'name', default: 'none', meaning: 'The Secret with the certificate.' },
  },
  startupLock: {
    enabled: { type: '`true`, `false`', default: '`true`', meaning: '' },
    timeout: { type: 'duration', default: "usher's", meaning: 'How long an instance waits for its turn; then it starts without.' },
  },
  vault: {
    role: { type: 'text', meaning: 'Required. The role that its instances log in with.' },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Key>>>>

/** A place where keys stand. */
export type Section = keyof typeof keys

/** A key of a place. */
export type KeyOf<S extends Section> = keyof (typeof keys)[S] & string

/** The keys of a place, as data. */
export function keysOf(section: Section): Readonly<Record<string, Key>> {
  return keys[section]
}

/** The names that a key has within its place: its own, then its synonyms there. */
export function namesOf(section: Section, key: string): readonly string[] {
  return [key, ...(keysOf(section)[key]?.synonyms ?? []).filter((name) => !name.includes('.'))]
}

/** All names that are known in a place. */
export function knownNames(section: Section): readonly string[] {
  return Object.keys(keysOf(section)).flatMap((key) => namesOf(section, key))
}
