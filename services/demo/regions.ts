/** From GeoNames' codes to ISO 3166-2, for countries whose holidays differ by region. */
const REGIONS: Readonly<Record<string, string>> = {
  AT: "01=1 02=2 03=3 04=4 05=5 06=6 07=7 08=8 09=9",
  AU: "01=ACT 02=NSW 03=NT 04=QLD 05=SA 06=TAS 07=VIC 08=WA",
  BR:
    "01=AC 02=AL 03=AP 04=AM 05=BA 06=CE 07=DF 08=ES 11=MS 13=MA 14=MT 15=MG 16=PA 17=PB 18=PR 20=PI 21=RJ 22=RN " +
    "23=RS 24=RO 25=RR 26=SC 27=SP 28=SE 29=GO 30=PE 31=TO",
  CA: "01=AB 02=BC 03=MB 04=NB 05=NL 07=NS 08=ON 09=PE 10=QC 11=SK 12=YT 13=NT 14=NU",
  CH: "AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH",
  DE: "01=BW 02=BY 03=HB 04=HH 05=HE 06=NI 07=NW 08=RP 09=SL 10=SH 11=BB 12=MV 13=SN 14=ST 15=TH 16=BE",
  ES: "07=IB 27=RI 29=MD 31=MC 32=NC 34=AS 39=CB 51=AN 52=AR 53=CN 54=CM 55=CL 56=CT 57=EX 58=GA 59=PV 60=VC",
  GB: "ENG NIR SCT WLS",
  IN: "02=AP 07=DL 09=GJ 10=HR 13=KL 16=MH 19=KA 24=RJ 25=TN 28=WB 36=UP 40=TG",
  NZ: "E7=AUK E8=BOP E9=CAN F2=HKB F3=MWT F6=NTL F7=OTA F8=STL F9=TKI G1=WKO G2=WGN",
  US: "CO IL IN WI WY",
};

/** ISO 3166-2, empty where the whole country keeps the same holidays, undefined where the region is not known. */
export function regionCode(country: string, adminCode: string): string | undefined {
  const regions = REGIONS[country];
  if (regions === undefined) return "";
  const entry = regions.split(" ").find((region) => region.split("=")[0] === adminCode);
  return entry && `${country}-${entry.split("=").at(-1)}`;
}
