create table franchise (
  franchise_id uuid primary key,
  name text not null constraint franchise_name_taken unique,
  country_code text not null check (country_code ~ '^[A-Z]{2}$'),
  version bigint not null default 1,
  create_time timestamptz not null,
  constraint franchise_is_not_the_company check (franchise_id <> 'c0000000-0000-4000-8000-000000000000')
);

-- The operator leads the keys, so that the tables can be distributed by operator; trainer_by_id finds a trainer whose
-- operator the caller does not name.
create table trainer (
  trainer_id uuid not null,
  franchise_id uuid null constraint trainer_franchise references franchise,
  operator_id uuid not null
    generated always as (coalesce(franchise_id, 'c0000000-0000-4000-8000-000000000000')) stored,
  name text not null,
  status text not null default 'active' check (status in ('active', 'suspended', 'left')),
  time_zone text not null,
  base_latitude double precision not null check (base_latitude between -90 and 90),
  base_longitude double precision not null check (base_longitude between -180 and 180),
  travel_radius_meters integer not null check (travel_radius_meters >= 0),
  buffer_minutes integer not null check (buffer_minutes >= 0),
  daily_session_limit integer not null check (daily_session_limit > 0),
  version bigint not null default 1,
  create_time timestamptz not null,
  primary key (operator_id, trainer_id)
);

create unique index trainer_by_id on trainer (trainer_id);

-- The first number of every search's funnel, counted without touching the table.
create index trainer_active on trainer (operator_id) where status = 'active';

-- day_of_week as in google.type.DayOfWeek: 1 is Monday. An end at or before the start is on the next day.
create table working_hours (
  operator_id uuid not null,
  trainer_id uuid not null,
  day_of_week smallint not null check (day_of_week between 1 and 7),
  start_time time not null,
  end_time time not null,
  primary key (operator_id, trainer_id, day_of_week, start_time),
  foreign key (operator_id, trainer_id) references trainer on delete cascade
);

create table qualification (
  operator_id uuid not null,
  trainer_id uuid not null,
  course_id uuid not null,
  from_date date not null,
  until_date date null,
  primary key (operator_id, trainer_id, course_id),
  foreign key (operator_id, trainer_id) references trainer on delete cascade,
  check (until_date >= from_date)
);

-- Who teaches a course, with any operator: where a search starts, without touching the table.
create index qualification_by_course on qualification (course_id, operator_id, trainer_id)
  include (from_date, until_date);

create table time_off (
  operator_id uuid not null,
  trainer_id uuid not null,
  time_off_id uuid not null,
  start_time timestamptz not null,
  end_time timestamptz not null,
  note text not null,
  primary key (operator_id, trainer_id, time_off_id),
  foreign key (operator_id, trainer_id) references trainer on delete cascade,
  check (end_time > start_time)
);

-- Reads leave out what has long ended.
create index time_off_by_end on time_off (operator_id, trainer_id, end_time);

-- The trainer after each of its changes. Decisions name a trainer and a version, and are replayed from here, so it
-- outlives the trainer.
create table trainer_history (
  operator_id uuid not null,
  trainer_id uuid not null,
  version bigint not null,
  snapshot jsonb not null,
  changed_at timestamptz not null,
  primary key (operator_id, trainer_id, version)
);

-- Haversine on a sphere of the earth's mean radius (IUGG: 6371008.8 m). sind and cosd are exact at whole quarter turns,
-- so that the poles and the antimeridian come out exact; least() keeps antipodes within asin's domain.
create function great_circle_meters(
  from_latitude double precision, from_longitude double precision,
  to_latitude double precision, to_longitude double precision
) returns double precision language sql immutable strict parallel safe
return round(2 * 6371008.8 * 1000 * asin(least(1, sqrt(
  power(sind((to_latitude - from_latitude) / 2), 2)
  + cosd(from_latitude) * cosd(to_latitude) * power(sind((to_longitude - from_longitude) / 2), 2)
)))) / 1000;
