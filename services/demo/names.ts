import type { Random } from "./random.ts";

/** Which names people have: one entry of NAMES. */
export type NameGroup = keyof typeof NAMES;

interface NameTable {
  given: string;
  family: string;
  /** "{given} {family}" unless it says otherwise. */
  format?: string;
}

/** Several tables in a group where a family name changes with the given name's gender. */
const NAMES = {
  german: [
    {
      given: "Anna Lukas Marie Jonas Clara Felix Emma Paul Johanna Maximilian Greta Moritz Frieda Anton Lena Jakob",
      family: "Müller Schmidt Schneider Fischer Weber Wagner Becker Hoffmann Schäfer Koch Richter Klein Wolf Schröder",
    },
  ],
  french: [
    {
      given: "Camille Louis Chloé Gabriel Léa Hugo Manon Jules Inès Arthur Zoé Raphaël Élise Théo Margaux Adrien",
      family: "Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Simon Laurent Lefèvre Girard Bonnet",
    },
  ],
  english: [
    {
      given: "Olivia Oliver Amelia George Isla Noah Grace Jack Emily Leo Sophie Oscar Lily Henry Charlotte Callum",
      family: "Smith Jones Taylor Brown Williams Wilson Evans Walker Wright O’Connor Murphy Campbell Stewart Hughes",
    },
  ],
  dutch: [
    {
      given: "Emma Daan Julia Sem Mila Lucas Tess Finn Sophie Levi Zoë Bram Saar Luuk Fenna Thijs",
      family: "Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Brouwer Dijkstra Kuipers",
    },
  ],
  spanish: [
    {
      given: "Lucía Mateo Sofía Hugo Valentina Santiago Martina Pablo Camila Diego Carmen Álvaro Paula Joaquín Elena",
      family: "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Muñoz Rojas Díaz Torres Vargas",
    },
  ],
  portuguese: [
    {
      given: "Maria João Beatriz Francisco Leonor Miguel Matilde Tomás Carolina Duarte Helena Rafael Luísa Thiago Inês",
      family: "Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Sousa Gonçalves Almeida Ribeiro Araújo",
    },
  ],
  italian: [
    {
      given:
        "Giulia Leonardo Sofia Francesco Aurora Alessandro Ginevra Lorenzo Alice Mattia Chiara Davide Elisa Pietro",
      family: "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Mancini",
    },
  ],
  swedish: [
    {
      given: "Alma William Elsa Liam Astrid Oskar Ebba Hugo Freja Axel Maja Elias Signe Nils Saga Björn",
      family: "Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Lindberg Åberg Öberg",
    },
  ],
  polish: [
    {
      given: "Zofia Antoni Hanna Jan Julia Jakub Maja Szymon Łucja Franciszek Wanda Stanisław Małgorzata Paweł",
      family: "Nowak Wójcik Kowalczyk Woźniak Mazur Krawczyk Kaczmarek Zając Król Wróbel Stępień Pawlak Sikora Duda",
    },
  ],
  czech: [
    {
      given: "Eliška Tereza Anna Adéla Kateřina Jitka Zuzana Markéta",
      family: "Nováková Svobodová Dvořáková Černá Procházková Kučerová Veselá Horáková Růžičková Křížová",
    },
    {
      given: "Jakub Jan Tomáš Matyáš Vojtěch Ondřej Jiří Řehoř",
      family: "Novák Svoboda Dvořák Černý Procházka Kučera Veselý Horák Růžička Kříž",
    },
  ],
  greek: [
    {
      given: "Μαρία Ελένη Αικατερίνη Σοφία Δήμητρα Ιωάννα Χριστίνα Ζωή",
      family: "Παπαδοπούλου Γεωργίου Οικονόμου Δημητρίου Αντωνίου Νικολάου Καραγιάννη Παππά",
    },
    {
      given: "Γιώργος Νίκος Δημήτρης Κώστας Ιωάννης Σπύρος Αλέξανδρος Θοδωρής",
      family: "Παπαδόπουλος Γεωργίου Οικονόμου Δημητρίου Αντωνίου Νικολάου Καραγιάννης Παππάς",
    },
  ],
  turkish: [
    {
      given: "Zeynep Yusuf Elif Mustafa Defne Ömer Ayşe Emir Ebrar Kerem Çağla Can İpek Deniz Gökçe Barış",
      family: "Yılmaz Kaya Demir Çelik Şahin Yıldız Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin",
    },
  ],
  ukrainian: [
    {
      given: "Анна Олександр Софія Максим Марія Дмитро Соломія Артем Вікторія Андрій Оксана Тарас Ілля Юлія",
      family: "Шевченко Коваленко Бондаренко Ткаченко Кравченко Олійник Поліщук Мельник Савченко Марченко Бойко",
    },
  ],
  arabic: [
    {
      given: "فاطمة محمد مريم أحمد عائشة علي نور يوسف ليلى عمر سلمى خالد هدى إبراهيم ياسمين كريم",
      family: "المصري الهاشمي منصور حداد النجار الشريف سليمان صالح عثمان الفاسي بناني العلوي الكعبي حسن",
    },
  ],
  hebrew: [
    {
      given: "נועה איתן תמר דוד מאיה יוסף אביגיל אריאל שירה דניאל יעל אורי רחל עומר",
      family: "כהן לוי מזרחי פרץ ביטון דהן אברהם פרידמן אזולאי מלכה עמר חדד גבאי שפירא",
    },
  ],
  kenyan: [
    {
      given: "Wanjiru Kamau Akinyi Otieno Njeri Mwangi Achieng Kiprop Chebet Mutua Amina Juma Zawadi Baraka",
      family: "Odhiambo Kariuki Ochieng Kimani Wambui Cheruiyot Muthoni Njoroge Omondi Kipchoge Mutiso Hassan",
    },
  ],
  nigerian: [
    {
      given: "Adébáyọ̀ Ngozi Chinedu Fúnmiláyọ̀ Emeka Aisha Olúwaṣeun Ifeoma Tunde Zainab Chidi Bọ́lá Musa Amaka",
      family: "Adéyẹmí Okafor Balógun Eze Adébísí Nwosu Bello Ọláyínká Okoro Abubakar Ògúnlẹ́sì Chukwu",
    },
  ],
  southAfrican: [
    {
      given: "Thandiwe Sipho Lerato Johan Nomvula Themba Anika Pieter Zanele Kabelo Palesa Riaan Naledi Mandla",
      family: "Dlamini Nkosi Botha Naidoo Khumalo Venter Mokoena Pillay Ndlovu Jacobs Mthembu Steyn Zulu Abrahams",
    },
  ],
  hindi: [
    {
      given: "आरव अनन्या विवान दीया अर्जुन ईशा रोहन प्रिया करण काव्या आदित्य मीरा राहुल पूजा",
      family: "शर्मा वर्मा पाटील देशमुख कुलकर्णी जोशी गुप्ता मेहता शाह सिंह राव नायर यादव मिश्रा",
    },
  ],
  tamil: [
    {
      given: "அருண் கவிதா முருகன் மீனா கார்த்திக் லட்சுமி விஜய் தமிழ்செல்வி சுரேஷ் நந்தினி குமரன் யாழினி",
      family: "சுப்பிரமணியன் ராமன் முத்துசாமி கிருஷ்ணன் செல்வராஜ் பழனிசாமி வேலு நடராஜன் சண்முகம் இளங்கோ",
    },
  ],
  nepali: [
    {
      given: "सीता राम गीता हरि सरिता विष्णु कमला कृष्ण मनीषा सुरेश निर्मला प्रकाश अञ्जली दीपक",
      family: "श्रेष्ठ तामाङ गुरुङ राई अधिकारी पौडेल महर्जन थापा शाक्य खड्का लामा भट्टराई",
    },
  ],
  bengali: [
    {
      given: "রহিম ফাতেমা করিম নুসরাত আরিফ শিরিন তানভীর মিতু সাকিব রুমানা জাহিদ তাসনিম ইমরান সুমাইয়া",
      family: "হোসেন ইসলাম রহমান আহমেদ খান চৌধুরী হক আলম মজুমদার সরকার দাস তালুকদার",
    },
  ],
  thai: [
    {
      given: "สมชาย สุดา ธนกร มาลี อนันต์ พิมพ์ใจ ณัฐพล กานดา วิชัย ปราณี ชัยวัฒน์ วราภรณ์ ศิริพร กิตติ",
      family: "ใจดี สุขสวัสดิ์ ทองดี แสงทอง ศรีสุข บุญมี รักไทย วงศ์สวัสดิ์ พงษ์พันธ์ จันทร์แก้ว",
    },
  ],
  vietnamese: [
    {
      given: "Minh Lan Hùng Hương Tuấn Mai Dũng Ngọc Quân Thảo Phúc Linh Khánh Trang",
      family: "Nguyễn Trần Lê Phạm Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ",
      format: "{family} {given}",
    },
  ],
  indonesian: [
    {
      given: "Siti Budi Dewi Agus Putri Rizky Ayu Dimas Ratna Bayu Wulan Hendra Indah Yoga",
      family: "Wijaya Santoso Hidayat Kusuma Pratama Saputra Nugroho Lestari Setiawan Permana Suryadi Gunawan",
    },
  ],
  chinese: [
    {
      given: "怡君 志明 淑芬 家豪 雅婷 俊傑 美玲 冠宇 詩涵 承翰 佳穎 柏翰 欣怡 宗翰",
      family: "陳 林 黃 張 李 王 吳 劉 蔡 楊 許 鄭",
      format: "{family}{given}",
    },
  ],
  korean: [
    {
      given: "서연 민준 지우 도윤 하은 예준 수아 시우 지민 주원 다은 현우 유진 건우",
      family: "김 이 박 최 정 강 조 윤 장 임 한 오",
      format: "{family}{given}",
    },
  ],
  japanese: [
    {
      given: "葵 蓮 陽菜 大翔 結衣 悠真 美咲 湊 さくら 樹 凛 颯太 花音 健太",
      family: "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田",
      format: "{family} {given}",
    },
  ],
} as const satisfies Record<string, readonly NameTable[]>;

/** A name that somebody there could have. */
export function personName(group: NameGroup, random: Random): string {
  const table: NameTable = random.pick<NameTable>(NAMES[group]);
  const format = table.format ?? "{given} {family}";
  return format
    .replace("{given}", random.pick(table.given.split(" ")))
    .replace("{family}", random.pick(table.family.split(" ")));
}
