/** What the demonstration company teaches. A trainer's trade is one subject. */
export interface CourseTerms {
  subject: "swimming" | "driving" | "tutoring" | "coaching";
  name: string;
  description: string;
  /** Absent: the usual thirty. */
  sessionCount?: number;
  sessionMinutes: number;
}

export const COURSES: readonly CourseTerms[] = [
  {
    subject: "swimming",
    name: "Swimming from scratch",
    description: "From the first breath under water to two hundred metres of breaststroke.",
    sessionMinutes: 45,
  },
  {
    subject: "swimming",
    name: "Front crawl",
    description: "Technique, breathing and pace for those who can swim already.",
    sessionCount: 20,
    sessionMinutes: 45,
  },
  {
    subject: "swimming",
    name: "Lifesaving",
    description: "Towing, diving and first aid, up to the silver badge.",
    sessionMinutes: 60,
  },
  {
    subject: "driving",
    name: "Driving licence B",
    description: "Every practical lesson up to the test, in town and out of it.",
    sessionMinutes: 90,
  },
  {
    subject: "driving",
    name: "Motorway and night driving",
    description: "For drivers who avoid both.",
    sessionCount: 10,
    sessionMinutes: 90,
  },
  {
    subject: "driving",
    name: "Driving with a trailer",
    description: "Coupling, reversing, loading.",
    sessionCount: 8,
    sessionMinutes: 60,
  },
  {
    subject: "tutoring",
    name: "Mathematics for secondary school",
    description: "Algebra, geometry and statistics at the student's own pace.",
    sessionMinutes: 60,
  },
  {
    subject: "tutoring",
    name: "Everyday English",
    description: "Conversation first, grammar where it helps.",
    sessionMinutes: 60,
  },
  {
    subject: "tutoring",
    name: "Reading and writing",
    description: "For children in their first years at school.",
    sessionMinutes: 45,
  },
  {
    subject: "coaching",
    name: "Piano for beginners",
    description: "Both hands, simple scores, one recital.",
    sessionMinutes: 45,
  },
  {
    subject: "coaching",
    name: "Running to ten kilometres",
    description: "Three months from the sofa to the finish.",
    sessionCount: 36,
    sessionMinutes: 60,
  },
  {
    subject: "coaching",
    name: "Strength and mobility",
    description: "Training without machines, at home or in the park.",
    sessionMinutes: 60,
  },
];
