-- Bookings as they are usually stored: one row per lesson, with an exclusion constraint that keeps a trainer and a
-- student from two lessons at once, and the trainers in the same database.
create extension btree_gist;

create table zone (
  zone_id uuid primary key,
  operator_id uuid not null,
  latitude float8 not null,
  longitude float8 not null,
  radius_meters integer not null,
  time_zone text not null,
  bounds box not null
);
create index on zone using gist (bounds);

create table course (
  course_id uuid primary key,
  name text not null,
  session_count integer not null,
  session_minutes integer not null
);

create table student (student_id uuid primary key);

create table trainer (
  trainer_id uuid primary key,
  operator_id uuid not null,
  name text not null,
  active boolean not null default true,
  time_zone text not null,
  latitude float8 not null,
  longitude float8 not null,
  travel_radius_meters integer not null,
  buffer_minutes integer not null,
  daily_session_limit integer not null
);

create table working_hours (
  trainer_id uuid not null references trainer,
  day_of_week smallint not null,
  start_time time not null,
  end_time time not null,
  primary key (trainer_id, day_of_week, start_time)
);

create table qualification (
  trainer_id uuid not null references trainer,
  course_id uuid not null references course,
  from_date date not null,
  until_date date null,
  primary key (course_id, trainer_id)
);

create table time_off (
  trainer_id uuid not null references trainer,
  during tstzrange not null
);
create index on time_off using gist (trainer_id, during);

create table purchase (
  purchase_id uuid primary key,
  request_id uuid unique,
  student_id uuid not null,
  course_id uuid not null references course,
  trainer_id uuid not null,
  zone_id uuid not null references zone,
  create_time timestamptz not null default now()
);
create index on purchase (student_id);

create table lesson (
  purchase_id uuid not null,
  sequence integer not null,
  student_id uuid not null,
  trainer_id uuid not null,
  start_time timestamptz not null,
  end_time timestamptz not null,
  -- With the trainer's buffer.
  occupied tstzrange not null,
  primary key (purchase_id, sequence)
);
create index lesson_by_trainer on lesson (trainer_id, start_time);
